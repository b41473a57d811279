import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import mercurius from 'mercurius';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { announce } from './listen.ts';
import { loadersOf } from './mercurius/loaders.ts';
import { resolversOf } from './mercurius/resolvers.ts';

/** Mercurius with JIT as its users write it: the same schema as SDL, its loaders, the same repository. */
const repository = await openFileRepository({ directory: process.argv[2]! });
const app = fastify();
await app.register(mercurius, {
  schema: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
  resolvers: resolversOf(repository, DEFAULT_LIMITS),
  loaders: loadersOf(repository, DEFAULT_LIMITS),
  jit: 1,
});

announce(await app.listen({ port: 0, host: '127.0.0.1' }), async () => {
  app.server.closeAllConnections();
  await app.close();
  await repository.close();
});
