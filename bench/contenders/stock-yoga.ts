import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { createContext, schema } from '../../src/schema/index.ts';
import { listen } from './listen.ts';

/** Yoga as its documentation sets it up, with the same schema over the same repository. */
const repository = await openFileRepository({ directory: process.argv[2]! });
const yoga = createYoga({ schema, context: () => createContext({ repository, limits: DEFAULT_LIMITS }) });

await listen(createServer(yoga), () => repository.close());
