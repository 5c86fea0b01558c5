/** Runs one part of the service; what stops it is told in one sentence, and the exit code says so. */
export async function runPart(part: () => Promise<void>): Promise<never> {
  try {
    await part();
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
