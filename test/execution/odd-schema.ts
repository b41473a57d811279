import { createSchema } from 'graphql-yoga';

const soon = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value));
const fail = (message: string): never => {
  throw new Error(message);
};
const failSoon = async (message: string): Promise<never> => fail(await soon(message));

class Box {
  readonly #inside = 'inside';
  get getter() {
    return this.#inside;
  }
}

/** Resolvers that do everything that the server's resolvers should not do. */
export const oddSchema = createSchema<unknown>({
  typeDefs: `
    type Query {
      fine: String laterFine: String
      throws: String rejects: String throwsText: String rejectsText: String
      givesError: String comesToError: String item(how: String): Item itemForSure(how: String): Item!
      nothing: String nothingForSure: String! nothingLater: String! undefinedForSure: Int!
      badInt: Int bigInt: Int badColor: Color text: String flag: Boolean never: Never
      noList: [Int] objectForList: [Int] aSet: [Int] textForList: [String]
      promises: [Int] promisesForSure: [Int!] failingPromises: [Int] errors: [Int] holes: [Int!] holesBeforeFailures: [Int!] nested: [[Int]!] later: [[Int]]
      items: [Item] itemsForSure: [Item!]!
      thenable: String failingThenable: String atOnce: String lists: [Item]
      thing(how: String): Thing things: [Thing] either(how: String): Either
      info: String
    }
    type Item { fine: String length: Int throws: String rejects: String nothing: String! nothingLater: String! fun: String method: String getter: String any: Any inner: Item more: [Item!] }
    enum Color { RED GREEN }
    scalar Never
    scalar Any
    interface Thing { id: ID }
    type Stone implements Thing { id: ID weight: Int }
    type Leaf implements Thing { id: ID green: Boolean! }
    type Wind { speed: Int }
    union Either = Stone | Leaf
  `,
  resolvers: {
    Query: {
      fine: () => 'fine',
      laterFine: () => soon('later'),
      throws: () => fail('thrown'),
      rejects: () => failSoon('rejected'),
      throwsText: () => {
        throw 'a text';
      },
      rejectsText: () => Promise.reject('a text'),
      givesError: () => new Error('given'),
      comesToError: () => soon(new Error('come')),
      item: (_: unknown, { how }: { how?: string }) => itemOf(how),
      itemForSure: (_: unknown, { how }: { how?: string }) => itemOf(how),
      nothing: () => undefined,
      nothingForSure: () => null,
      nothingLater: () => soon(null),
      undefinedForSure: () => undefined,
      badInt: () => 'many',
      bigInt: () => 2 ** 40,
      badColor: () => 'BLUE',
      text: () => ({ no: 'text' }),
      flag: () => 'yes',
      never: () => 'a value',
      noList: () => 7,
      objectForList: () => ({ length: 1, 0: 7 }),
      aSet: () => new Set([1, 2]),
      textForList: () => 'text',
      promises: () => [1, soon(2), Promise.resolve(3), null, soon(null)],
      promisesForSure: () => [1, soon(null), soon(3)],
      failingPromises: () => [failSoon('first'), 2, Promise.reject(new Error('third'))],
      errors: () => [1, new Error('in a list')],
      holes: () => [1, null],
      holesBeforeFailures: () => [failSoon('first'), null, failSoon('third')],
      nested: () => [[1, soon(2)], soon([3]), null],
      later: async () => [await soon([1]), soon([soon(2)])],
      items: () => [{ fine: 'a' }, soon({ fine: 'b' }), null, { throws: 1 }],
      itemsForSure: () => soon([{ nothing: 'a' }, soon({}), { nothing: null }]),
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what the test needs.
      thenable: () => ({ then: (done: (value: string) => void) => setImmediate(done, 'then') }),
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what the test needs.
      failingThenable: () => ({ then: (_: unknown, no: (error: Error) => void) => no(new Error('then')) }),
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what the test needs.
      atOnce: () => ({ then: (done: (value: string) => void) => done('at once') }),
      lists: () => [[{ fine: 'a' }]],
      thing: (_: unknown, { how }: { how?: string }) => ({ id: 1, how, weight: 3 }),
      things: () => [{ how: 'Stone' }, soon({ how: 'Leaf' }), { how: 'Stone', weight: 2 }],
      either: (_: unknown, { how }: { how?: string }) => ({ id: 1, how, green: true }),
      info: (...args: unknown[]) => (args[3] as { fieldName: string }).fieldName,
    },
    Item: {
      throws: () => fail('thrown inside'),
      rejects: () => failSoon('rejected inside'),
      nothingLater: () => soon(null),
      more: () => [{ fine: 'a' }, { fine: 'b' }],
    },
    Never: {
      serialize: () => fail('never'),
    },
    Any: {
      serialize: (value: unknown) => value,
    },
    Thing: {
      __resolveType: ({ how }: { how?: string }) => (how === 'throws' ? fail('no type') : how),
    },
    Either: {
      __resolveType: ({ how }: { how?: string }) => how,
    },
  },
});

function itemOf(how: string | undefined): unknown {
  switch (how) {
    case 'null':
      return null;
    case 'error':
      return new Error('for an item');
    case 'later error':
      return soon(new Error('for an item'));
    case 'text':
      return 'text';
    case 'function':
      return Object.assign(() => 1, { fine: 'of a function' });
    case 'box':
      return new Box();
    case 'functions':
      return {
        fun: () => 'called',
        any: () => 'called',
        inner: () => ({ fine: 'called' }),
        mine: 'own',
        method(this: { mine: string }) {
          return this.mine;
        },
      };
    case 'rejected':
      return {
        // A getter creates the promise: a promise of a field that is not selected would reject unhandled.
        get fine() {
          return failSoon('fine');
        },
        get any() {
          return failSoon('any');
        },
      };
    case 'promised':
      return {
        fine: soon('promised'),
        any: soon('promised'),
        inner: soon({ fine: 'promised', fun: () => soon('called') }),
      };
    default:
      return { fine: 'fine', nothing: 'something', inner: {} };
  }
}
