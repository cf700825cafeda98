/** All that the samples take of Node.js. */
declare const process: { env: Record<string, string | undefined> };
