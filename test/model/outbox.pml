/*
 * The outbox: two events, written by transactions that commit in any order; relays that lease them, react and publish,
 * and may be killed or paused at any step. A lease may end at any time, also while its relay still works.
 *
 *   KILLS  how many relays are killed; each is started again
 *
 * All other names are variants that must fail; they stand where they change something.
 */
#ifndef KILLS
#define KILLS 1
#endif

mtype = { idle, leased, marked, reacted };

typedef Event { bool written; bool taken; bool hasMark; bool published; byte reactions };
typedef Relay { mtype at; byte event };

Event event[3];      /* by id, from 1 */
Relay relay[2];
byte lastId;         /* serial ids come from a sequence, long before their transactions commit */
byte kills = KILLS;
#ifdef CURSOR
byte cursor;
#endif

/* What must hold. A name that has become false was violated. */
bool ONCE = true;    /* no event is reacted to twice */
#define MUST(invariant, condition) invariant = (condition); assert(invariant)

proctype Writer() {
  byte id;
  atomic { lastId++; id = lastId };
  atomic { event[id].written = true; id = 0 }
}

inline react(id) {
  if :: event[id].reactions < 2 -> event[id].reactions++ :: else fi;
  MUST(ONCE, event[id].reactions == 1)
}

inline publish(id) {
  event[id].published = true;
#ifdef CURSOR
  if :: id > cursor -> cursor = id :: else fi
#endif
}

inline done(w) {
  relay[w].at = idle; relay[w].event = 0
}

#ifdef CURSOR
#define DUE(id) (event[id].written && !event[id].taken && id > cursor)
#else
#define DUE(id) (event[id].written && !event[id].taken && !event[id].published)
#endif
#define TAKE(w, id) atomic { relay[w].at == idle && DUE(id) -> \
  relay[w].at = leased; relay[w].event = id; event[id].taken = true }

proctype Relaying(byte w) {
  byte id;
end:
  do
  :: TAKE(w, 1)
  :: TAKE(w, 2)
  /* The mark and the reaction are one transaction. */
  :: atomic { relay[w].at == leased ->
       id = relay[w].event; relay[w].at = reacted;
#if defined(NO_MARKS)
       react(id);
#elif defined(MARK_OF_ITS_OWN)
       if :: !event[id].hasMark -> event[id].hasMark = true; relay[w].at = marked :: else fi;
#elif defined(PUBLISHED_FIRST)
       publish(id); relay[w].at = marked;
#else
       if :: !event[id].hasMark -> event[id].hasMark = true; react(id) :: else fi;
#endif
       id = 0 }
#if defined(MARK_OF_ITS_OWN) || defined(PUBLISHED_FIRST)
  :: atomic { relay[w].at == marked -> id = relay[w].event; react(id); relay[w].at = reacted; id = 0 }
#endif
  :: atomic { relay[w].at == reacted -> id = relay[w].event; publish(id); done(w); id = 0 }
  /* Killed, or the reaction failed and was rolled back. */
  :: atomic { kills > 0 && relay[w].at != idle -> kills--; done(w) }
  od
}

#ifndef LEASE_WITHOUT_END
proctype Leases() {
end:
  do
  :: atomic { event[1].taken -> event[1].taken = false }
  :: atomic { event[2].taken -> event[2].taken = false }
  od
}
#endif

/* Always something to do: where all others are stuck, Spin would not look for an endless run that is fair. */
proctype Clock() { bit tick; end: do :: tick = 1 - tick od }

init {
  atomic {
    relay[0].at = idle; relay[1].at = idle;
    run Writer(); run Writer(); run Relaying(0); run Relaying(1);
#ifndef LEASE_WITHOUT_END
    run Leases();
#endif
#ifdef LIVENESS
    run Clock()
#endif
  }
}

#ifdef LIVENESS
ltl ALL { <> (event[1].reactions > 0 && event[2].reactions > 0) }
#endif
