/**
 * All facts by name. Whoever tells one declares it, beside what tells it: those of the followers in facts.ts, those of
 * a topic in its folder.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled where facts are told.
export interface Facts {}

export type FactHandlers = { [Name in keyof Facts]?: (fact: Facts[Name]) => void };

interface Subscription<Name extends keyof Facts> {
  readonly handle: (fact: Facts[Name]) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Tells facts to those who asked for them. A handler that throws is told no more, and the others are told all the same.
 */
export class FactBus {
  readonly #subscriptions: { [Name in keyof Facts]?: Subscription<Name>[] } = {};

  /** `failed` is called at most once for each kind of fact. */
  subscribe(handlers: FactHandlers, failed: (error: unknown) => void): void {
    for (const name of Object.keys(handlers) as (keyof Facts)[]) this.#add(name, handlers[name], failed);
  }

  #add<Name extends keyof Facts>(name: Name, handle: FactHandlers[Name], failed: (error: unknown) => void): void {
    if (handle === undefined) return;
    const list: Subscription<Name>[] = this.#subscriptions[name] ?? [];
    list.push({ handle, failed });
    (this.#subscriptions as Record<Name, Subscription<Name>[]>)[name] = list;
  }

  tell<Name extends keyof Facts>(name: Name, fact: Facts[Name]): void {
    const subscriptions = this.#subscriptions[name];
    if (subscriptions === undefined) return;
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[i] as Subscription<Name>;
      try {
        subscription.handle(fact);
      } catch (error) {
        subscriptions.splice(i--, 1);
        subscription.failed(error);
      }
    }
  }
}
