/**
 * Plays a scene again when it fails, three times in all. Only for what is asserted in seconds of the machine's clock, since a
 * machine that stands still for a moment spoils such a scene, and for what others may take first, as a port. What is wrong with
 * the product is wrong in each, and the last one's error is told.
 */
export async function attempts<T>(scene: (attempt: number) => Promise<T>, times = 3): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await scene(attempt);
    } catch (error) {
      if (attempt >= times) throw error;
      console.log(`# attempt ${attempt} of ${times}: ${String(error).split("\n")[0]}`);
    }
  }
}
