/** What has been sent and has not come back, by number. Numbers are used again, so that they stay small. */
export class InFlight<Delivery> {
  readonly #byNumber: (Delivery | undefined)[] = [];
  readonly #freeNumbers: number[] = [];

  get count(): number {
    return this.#byNumber.length - this.#freeNumbers.length;
  }

  /** Files a delivery under a number that no other has. */
  add(delivery: Delivery): number {
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
    this.#byNumber[number] = delivery;
    return number;
  }

  /** Takes out the delivery of a number that `add` gave. */
  take(number: number): Delivery {
    const delivery = this.#byNumber[number]!;
    this.#byNumber[number] = undefined;
    this.#freeNumbers.push(number);
    return delivery;
  }

  where(test: (delivery: Delivery) => boolean): Delivery[] {
    return this.#byNumber.filter(
      (delivery): delivery is Delivery => delivery !== undefined && test(delivery),
    );
  }
}
