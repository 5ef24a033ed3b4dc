/** Runs `body` with this PATH in the environment, and puts the old one back: other tests share the process. */
export async function withPath(path: string, body: () => unknown): Promise<void> {
  const before = process.env.PATH;
  process.env.PATH = path;
  try {
    await body();
  } finally {
    process.env.PATH = before;
  }
}
