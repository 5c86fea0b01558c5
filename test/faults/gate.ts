/** On which side of a message a gate stops: `before` it arrives, or `after` it took effect and before its answer. */
export type Phase = 'before' | 'after';

/** A border that one message crosses. It stays closed, also for repeats, until it is opened or dropped. */
export interface Gate {
  readonly isReached: boolean;
  /** Lets the message (or its answer) pass, and all that come later. */
  open(): void;
  /** Loses what is held, as a process that dies does; what comes later passes. */
  drop(): void;
}

/** What a wire sees of a gate that its message has met. */
export interface MetGate {
  phase: Phase;
  hold(): Promise<'pass' | 'drop'>;
}

/** The gates of one wire. */
export interface GateBoard<Message> {
  arm(input: { phase: Phase; matches: (message: Message) => boolean }): Gate;
  meet(message: Message): MetGate | undefined;
}

interface ArmedGate<Message> extends MetGate {
  matches: (message: Message) => boolean;
}

export function createGateBoard<Message>(): GateBoard<Message> {
  const closed = new Set<ArmedGate<Message>>();
  return {
    arm({ phase, matches }) {
      const { promise, resolve } = Promise.withResolvers<'pass' | 'drop'>();
      let isReached = false;
      const armed: ArmedGate<Message> = {
        phase,
        matches,
        hold() {
          isReached = true;
          return promise;
        },
      };
      closed.add(armed);
      const end = (how: 'pass' | 'drop') => {
        closed.delete(armed);
        resolve(how);
      };
      return {
        get isReached() {
          return isReached;
        },
        open: () => end('pass'),
        drop: () => end('drop'),
      };
    },
    meet: (message) => [...closed].find(({ matches }) => matches(message)),
  };
}
