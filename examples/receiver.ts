/**
 * A receiver that takes only what is signed: `HMAC_SECRET=… node examples/receiver.ts`, then publish to http://127.0.0.1:3000/hooks
 * with a worker that has the same secret and `--allow-http --allow-net 127.0.0.0/8 --allow-port 3000`.
 */
import { createServer } from 'node:http';
import { VolleyError, verify } from '../src/index.ts'; // in your own program: from 'volley'

const secrets = [process.env['HMAC_SECRET'] ?? ''];
/** Ids seen: the same event may come twice. A real receiver keeps them in its database. */
const seen = new Set<string>();

createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  try {
    // The bytes as they came: JSON that was parsed and written again is not what was signed.
    const { id } = verify({ headers: request.headers, body, secrets });
    if (id !== null && !seen.has(id)) {
      seen.add(id);
      console.log(id, request.headers['x-webhook-event'], body.toString());
    }
    response.writeHead(204).end();
  } catch (error) {
    if (!(error instanceof VolleyError)) throw error;
    console.error(error.message);
    response.writeHead(401).end();
  }
}).listen(3000, '127.0.0.1', () => console.log('listening on http://127.0.0.1:3000'));
