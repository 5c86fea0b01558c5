export type Verification =
  | { kind: 'right'; ip: string }
  | { kind: 'wrong'; ip: string; sentence: string }
  | { kind: 'duplicate'; ip: string; sentence: string };

export type Delivery = { kind: 'delivered' } | { kind: 'moneyGone'; money: string };
