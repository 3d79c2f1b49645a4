export { FindInstrument, type Instrument } from './find-instruments.ts';
export { FindLastTick, FindQuotes, type LastTick, type Quote } from './find-quotes.ts';
export { type Tick, type TickListener, TickStream } from './tick.ts';
