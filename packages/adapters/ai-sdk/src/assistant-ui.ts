export {
  createThreadHistoryAdapter,
  type HistoryAdapter,
  type ThreadListItem,
} from './thread-history.ts';
export { createThreadListAdapter, type ThreadListAdapter, type ThreadListOptions } from './thread-list.ts';
