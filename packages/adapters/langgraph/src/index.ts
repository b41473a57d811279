export { type RecorderOptions, SessiontreeRecorder } from './recorder.ts';
