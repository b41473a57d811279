import { useMemo, useState } from 'preact/hooks';
import type { MessageRowFragment } from '../generated/operations.ts';
import { size } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import { markdown } from './markdown.ts';
import type { OpenTranscript } from './open-transcript.ts';

interface Props {
  readonly message: Pick<MessageRowFragment, 'id' | 'content' | 'contentLength'>;
  readonly transcript: OpenTranscript;
}

/** The text of a message. Of a long one the beginning, until one asks for all of it. */
export function MessageText({ message, transcript }: Props) {
  const text = transcript.wholeTextOf(message.id) ?? message.content;
  if (text === '') return null;
  return (
    <>
      <Markdown text={text} />
      {text.length < message.contentLength && <ReadWhole message={message} transcript={transcript} />}
    </>
  );
}

/** A text as Markdown; one that is too long for it as it is. */
export function Markdown({ text, isGrowing = false }: { text: string; isGrowing?: boolean }) {
  const html = markdown.render(visible(text));
  const inserted = useMemo(() => ({ __html: html ?? '' }), [html]);
  const className = isGrowing ? 'text caret' : 'text';
  return html === null ? (
    <div class={`${className} is-plain`}>{visible(text)}</div>
  ) : (
    // What `markdown.render` returns went through DOMPurify.
    <div class={className} dangerouslySetInnerHTML={inserted} />
  );
}

/** Reads the rest of a text. */
export function ReadWhole({ message, transcript }: Props) {
  const [fault, setFault] = useState<string | null>(null);
  const [isReading, setReading] = useState(false);
  const read = async () => {
    setReading(true);
    try {
      await transcript.readWhole(message.id);
    } catch (error) {
      setFault((error as Error).message);
    }
    setReading(false);
  };
  return (
    <>
      <button type="button" class="more" disabled={isReading} onClick={() => void read()}>
        Show all, {size(message.contentLength)}
      </button>
      {fault && <p class="is-bad">{fault}</p>}
    </>
  );
}
