/** Colour, where the stream shows it and nobody has said NO_COLOR. */
import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

/** Puts a text in a format of `styleText`, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** Paints for a stream: `styleText` asks it, and the environment, whether it shows colour. */
export function painter(stream: NodeJS.WritableStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}

/** Leaves every text as it is. */
export const plain: Paint = (_format, text) => text;
