import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import serverPackage from '../../package.json' with { type: 'json' };
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { openAuthServer } from '../server/auth/support.ts';
import { startLoggedServer, startTestServer } from '../server/running.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { fieldsOf, hasPython, NO_PYTHON, PACKAGE, python, runAsync } from './python.ts';

beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

// Programs are started: on a busy machine that takes long.
vi.setConfig({ testTimeout: 120_000 });

test('the usage of the module agent_session sees over HTTP what it saw of its files', async () => {
  // The fixture is what test/python/usage.py printed with that module.
  const seen = await readFile(join(import.meta.dirname, '../fixtures/agent-session-usage.json'), 'utf8');
  const { url } = await startTestServer();
  const program = join(import.meta.dirname, 'usage.py');
  const { stdout, stderr } = await python(['-W', 'always', program, 'sessiontree'], url);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(seen));
  expect(stderr).toBe('');
});

test('the module can be compiled, and has the version of the server', async () => {
  const cache = await temporaryDirectory();
  const file = join(PACKAGE, 'sessiontree.py');
  await python(['-W', 'error', '-m', 'py_compile', file], '', { PYTHONPYCACHEPREFIX: cache });
  const { stdout } = await python(['-c', 'import sessiontree; print(sessiontree.__version__)'], '');
  expect(stdout.trim()).toBe(serverPackage.version);
  const project = await readFile(join(PACKAGE, 'pyproject.toml'), 'utf8');
  expect(project).toContain(`\nversion = "${serverPackage.version}"\n`);
});

test('pip installs the module', { timeout: 180_000 }, async ({ skip }) => {
  const directory = await temporaryDirectory();
  const pip = (...args: string[]) => python(['-m', 'pip', ...args, '--no-deps', '--quiet'], '');
  const builder = await pip('download', 'setuptools>=61', '--dest', directory).catch(() => null);
  skip(builder === null, 'there is no pip, or it finds no setuptools');
  // setuptools writes beside what it builds.
  await cp(PACKAGE, join(directory, 'source'), { recursive: true });
  const target = join(directory, 'installed');
  await pip('install', '--target', target, join(directory, 'source'));
  const program = 'import sessiontree; print(sessiontree.__file__)';
  const { stdout } = await python(['-c', program], '', { PYTHONPATH: target });
  expect(stdout.trim()).toBe(join(target, 'sessiontree.py'));
});

test('the program of the README runs', async () => {
  const text = await readFile(join(PACKAGE, 'README.md'), 'utf8');
  const program = /^```python\n(.*?)^```$/ms.exec(text)![1]!;
  const { url } = await startTestServer();
  const { stdout } = await python(['-c', program], url);
  expect(stdout).toContain(
    "'parent_session_id': 'py-may', 'root_session_id': 'py-may', 'depth': 1, 'user_id': 'ada'",
  );
});

test('each step of a session is one request, a turn with its metadata too, and there is none without a change', async () => {
  const { server, lines } = await startLoggedServer();
  await runAsync(
    `
root = create_agent_session("root", user_id="ada")
await root.initialize()
await root.initialize()
root.add_metadata("model", "small")
await root.process_message("Where to?", "Lisbon.")
await root.persist()
child = await root.spawn_child_session()
await child.process_message("Flights?", "Two a day.")
fresh = create_agent_session("fresh", parent_session_id="root")
fresh.add_metadata("a", 1)
await fresh.process_message("Hotels?", "Many.")
show(fresh.context.depth)`,
    server.url,
  );
  const written = ['createSession', 'writeHistory', 'spawnSession', 'writeHistory', 'spawnSession'];
  expect(fieldsOf(lines)).toEqual(written);
});

test('a child of a session that is not stored yet is stored after it', async () => {
  const { server, lines } = await startLoggedServer();
  const { shown } = await runAsync(
    `
root = AgentSession("root")
child = await root.spawn_child_session()
show(SessionPersistence().load(child.session_id)["parent_session_id"])`,
    server.url,
  );
  expect(shown).toEqual(['root']);
  expect(fieldsOf(lines)).toEqual(['createSession', 'spawnSession', 'session']);
});

test('metadata is local until it is saved; what was removed from it is removed, and what others wrote stays', async () => {
  const { url } = await startTestServer();
  const { shown } = await runAsync(
    `
store = SessionPersistence()
one = create_agent_session("one")
one.add_metadata("flag", 1)
one.add_metadata("gone", {"a": {"b": 1}, "c": 2})
await one.initialize()
other = await resume_agent_session("one")
other.add_metadata("others", [1, 2])
await other.persist()
one.add_metadata("flag", True)
one.add_metadata("gone", {"a": None})
show(store.load("one")["metadata"])
await one.persist()
show(store.load("one")["metadata"])
del one.context.metadata["gone"]
show(await one.persist())
show(store.load("one")["metadata"])`,
    url,
  );
  expect(shown).toEqual([
    { flag: 1, gone: { a: { b: 1 }, c: 2 }, others: [1, 2] },
    { flag: true, gone: { a: null }, others: [1, 2] },
    true,
    { flag: true, others: [1, 2] },
  ]);
});

test('sessions of other processes are found, listed by user, resumed and continued by their ids', async () => {
  const { url } = await startTestServer();
  await runAsync(
    `
root = create_agent_session("root", user_id="ada")
await asyncio.gather(*(root.process_message(f"q{n}", f"a{n}") for n in range(250)))
child = AgentSession("child", parent_session_id="root", user_id="grace")
await child.process_message("q", "a")
for n in range(120):
    await AgentSession(f"bob-{n}", user_id="bob").initialize()`,
    url,
  );
  const { shown, stderr } = await runAsync(
    `
store = SessionPersistence()
show([(data["session_id"], data["depth"], len(data["history"])) for data in store.list_sessions("grace")])
bobs = store.list_sessions("bob")
show([len(bobs), len({data["session_id"] for data in bobs}), len(store.list_sessions())])
show(get_agent_session("root"))
resumed = await resume_agent_session("root")
show([get_agent_session("root") is resumed, resumed.context.user_id, resumed.context.message_count])
show([entry["content"] for entry in resumed.get_history()] == [f"{role}{n}" for n in range(250) for role in "qa"])
show(resumed.get_history() == store.load("root")["history"])
show(await resume_agent_session("nowhere"))
continued = create_agent_session("child")
continued.add_metadata("a", 1)
await continued.process_message("more", "still")
show(await continued.get_session_summary() | {"created_at": 0, "last_active": 0})
show([entry["content"] for entry in store.load("child")["history"]])`,
    url,
  );
  expect(stderr).toBe('');
  expect(shown).toEqual([
    [['child', 1, 2]],
    [120, 120, 122],
    null,
    [true, 'ada', 250],
    true,
    true,
    null,
    {
      session_id: 'child',
      parent_session_id: 'root',
      root_session_id: 'root',
      depth: 1,
      user_id: 'grace',
      created_at: 0,
      last_active: 0,
      message_count: 2,
      history_length: 4,
    },
    ['q', 'a', 'more', 'still'],
  ]);
});

test('histories that do not fit into one answer are listed all the same', async () => {
  const { url } = await startTestServer({ limits: { ...DEFAULT_LIMITS, textBytes: 300_000 } });
  const { shown, stderr } = await runAsync(
    `
for n in range(3):
    session = AgentSession(f"long-{n}")
    await asyncio.gather(*(session.process_message("x" * 20_000, "y" * 20_000) for _ in range(12)))
show([len(data["history"]) for data in SessionPersistence().list_sessions()])`,
    url,
  );
  expect(stderr).toBe('');
  expect(shown).toEqual([[24, 24, 24]]);
});

test('the children of a deleted session move up', async () => {
  const { url } = await startTestServer();
  const { shown } = await runAsync(
    `
store = SessionPersistence()
root = AgentSession("root")
middle = await root.spawn_child_session()
leaf = await middle.spawn_child_session()
show(store.delete(middle.session_id))
show(store.load(leaf.session_id)["parent_session_id"])`,
    url,
  );
  expect(shown).toEqual([true, 'root']);
});

test('the token of the environment, or of an argument, lets a program in', async () => {
  const { url, tokens } = await openAuthServer();
  const { token } = await tokens.mint({ userId: 'ada', scope: 'write' });
  const program = `
session = AgentSession("mine")
show(await session.persist())
show(session.context.user_id)`;
  expect((await runAsync(program, url, { SESSIONTREE_TOKEN: `${token}\n` })).shown).toEqual([true, 'ada']);
  const given = `
show(len(SessionPersistence(os.environ["SESSIONTREE_URL"], "${token}").list_sessions("ada")))
show(SessionPersistence().list_sessions())`;
  const { shown, stderr } = await runAsync(given, url);
  expect(shown).toEqual([1, []]);
  expect(stderr).toContain('Expected to list sessions, got UNAUTHENTICATED: ');
});
