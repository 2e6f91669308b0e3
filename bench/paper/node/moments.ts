/** When to look at a training: after 1, 2, 3, 4, 5 … steps, and when it is longer at every twentieth of its length. */
export class Moments {
  #next = 1;

  due(step: number): boolean {
    if (step < this.#next) return false;
    this.#next = step + Math.max(1, Math.floor(step / 20));
    return true;
  }
}
