import type { SessionRepository } from '../../src/repository/repository.ts';

/** `repository`, with the number of listeners that wait for its changes. */
export function countingListeners(repository: SessionRepository): {
  readonly repository: SessionRepository;
  readonly count: { listeners: number };
} {
  const count = { listeners: 0 };
  const counted = new Proxy(repository, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (name !== 'onChange') return method.bind(target);
      return (listener: () => void) => {
        count.listeners += 1;
        const unsubscribe = target.onChange(listener);
        return () => {
          count.listeners -= 1;
          unsubscribe();
        };
      };
    },
  });
  return { repository: counted, count };
}
