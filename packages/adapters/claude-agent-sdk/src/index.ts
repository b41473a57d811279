export { SessiontreeSessionStore, type SessiontreeSessionStoreOptions } from './session-store.ts';
