/** One trade of a recording; price and quantity carry eight decimals, as Binance prints them. */
export interface Trade {
  readonly symbol: string;
  readonly id: number;
  readonly price: string;
  readonly quantity: string;
  /** Trade time in milliseconds: as recorded while it waits, as replayed once it was played. */
  readonly time: number;
  readonly buyerIsMaker: boolean;
}

/** The payload of `<symbol>@trade`, in the form used since 2024 (without the order ids). */
export function tradePayload({ symbol, id, price, quantity, time, buyerIsMaker }: Trade): object {
  return { e: 'trade', E: time, s: symbol, t: id, p: price, q: quantity, T: time, m: buyerIsMaker, M: true };
}

/** The payload of `<symbol>@aggTrade`: every trade is an aggregate of its own, so `a` = `f` = `l` = its id. */
export function aggTradePayload(trade: Trade): object {
  const { symbol, id, price, quantity, time, buyerIsMaker } = trade;
  return {
    e: 'aggTrade',
    E: time,
    s: symbol,
    a: id,
    p: price,
    q: quantity,
    f: id,
    l: id,
    T: time,
    m: buyerIsMaker,
    M: true,
  };
}

/** A row of `/api/v3/aggTrades`. */
export function aggTradeRow({ id, price, quantity, time, buyerIsMaker }: Trade): object {
  return { a: id, p: price, q: quantity, f: id, l: id, T: time, m: buyerIsMaker, M: true };
}

/** Trades of one symbol at these prices, with contiguous ids, for tests that write their own market. */
export function tradesOf(
  symbol: string,
  prices: readonly (string | number)[],
  { firstId = 1, from = 0, everyMs = 100, quantity = '0.50000000' } = {},
): Trade[] {
  return prices.map((price, index) => ({
    symbol,
    id: firstId + index,
    price: Number.isInteger(Number(price)) ? `${price}.00000000` : String(price),
    quantity,
    time: from + index * everyMs,
    buyerIsMaker: index % 2 === 0,
  }));
}
