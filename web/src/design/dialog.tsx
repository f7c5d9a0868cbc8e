import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { Button, IconButton, type Tone } from './button';
import { ErrorNote } from './panel';

/** The browser's own dialog: it keeps the focus, closes on Escape, and needs no style that the policy forbids. */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog?.open === false) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // A press beside it closes it; by keyboard Escape does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
      className={`max-h-[90dvh] w-full overflow-auto rounded-xl border border-line bg-raised p-0 shadow-pop max-sm:mb-0 max-sm:max-w-full max-sm:rounded-b-none ${wide ? 'sm:max-w-3xl' : 'sm:max-w-lg'}`}
    >
      <div className="flex items-start justify-between gap-3 px-5 pt-4">
        <h2 id={titleId} className="text-lg font-semibold break-words">
          {title}
        </h2>
        <IconButton icon="close" label="Close" small onClick={onClose} />
      </div>
      <div className="px-5 pt-2 pb-5">{children}</div>
    </dialog>
  );
}

/** A form in a dialog: what it does may fail, and says so without losing what was filled in. */
export function ActionDialog({
  title,
  action,
  tone = 'primary',
  run,
  onClose,
  children,
  wide,
  disabled,
}: {
  title: ReactNode;
  action: ReactNode;
  tone?: Tone;
  run: () => Promise<unknown>;
  onClose: () => void;
  children?: ReactNode;
  wide?: boolean;
  disabled?: boolean;
}): ReactNode {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await run();
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {children}
        {error !== null && <ErrorNote error={error} />}
        <div className="flex justify-end gap-2">
          <Button tone="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" tone={tone} busy={busy} disabled={disabled}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
