/** Where secrets are kept. `HMAC_SECRET` goes before all of them, so that a source may lack default ones. */
import type { SigningSecrets } from '../signing/secrets.ts';

/** What was loaded, with warnings, one line each. */
export interface LoadedSecrets {
  readonly secrets: SigningSecrets;
  readonly warnings: readonly string[];
}

export interface SecretSource {
  /** For messages: never a secret. */
  readonly place: string;
  /**
   * Rejects with VOLLEY_SECRET naming the place and the fix. Where default secrets are not needed there may be none of
   * them, and the source may be missing as a whole.
   */
  read(needsDefault: boolean): Promise<LoadedSecrets>;
  /** Calls `onChange`, which must not throw, when `read` may answer something else, until the returned function is called. */
  watch(onChange: () => void): () => void;
}
