/*
 * Sending once, and never after a deletion: deliveries in Postgres, workers that hand them to a mail server, a sweeper,
 * deletions, and whatever may go wrong in between. README.md says what stands for what.
 *
 * Each option of a `do` is one step: a transaction, or a part of it that others can come between. A transaction of two
 * steps takes its share locks and looks at the sources in the first; in the second it writes and commits. Everybody may
 * wait for any time before a step: that is a pause, a slow network, a SIGSTOP.
 *
 * A claim may be tried whenever its row could be claimed, so the queue is left out: a job may come late, twice or for
 * nothing. Versions make fewer claims possible and are left out too. A token is one bit, "mine": a claim takes it from
 * everybody else. A worker's id is its number as long as that id is its own.
 *
 *   ROWS SOURCES WORKERS  how many; the first source is of all rows, the second of the first row only
 *   FAULTS                how many kills, stops of Postgres, lost locks, lost answers, failed deletions, in any order
 *   REFUSALS              how often the mail server refuses; any number, when not given
 *   FAN_OUT               the rows are not there yet: one transaction makes them
 *
 * All other names are variants that must fail; they stand where they change something.
 */
#ifndef ROWS
#define ROWS 2
#endif
#ifndef SOURCES
#define SOURCES 1
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef FAULTS
#define FAULTS 1
#endif

mtype = { absent, pending, sending, retrying, sent, failed, cancelled, unknown };
mtype = { idle, claiming, claimed, confirmed, out, taken };         /* how far a hand-over is */
mtype = { accepted, refused, ambiguous };                           /* how it ended */
mtype = { locked, marked, looked };                                 /* how far a deletion is */
mtype = { none, open, stopped };                                    /* its answer; or `cancelled`, as above */

typedef Row {
  mtype status;
  bool tainted;      /* somebody may have mailed it; never reset */
  byte holder;       /* the worker that claimed it, counted from 1; 0: its id is nobody's any more */
  byte copies;       /* of it that the mail server took; 2 are many */
  bool excused;      /* a fault fell into a hand-over of it */
  byte astray        /* mails of it under way that nobody waits for any more */
};
typedef HandOver { mtype at; byte row; bool mine; bool deleted };
typedef Outcome { mtype kind; byte row; bool mine; bool writing; bool deleted };
typedef Deletion { mtype at; mtype verdict; bool waits[ROWS] };
typedef Source { bool deleted; mtype answer; bool alreadySent };

Row row[ROWS];
Source source[SOURCES];
Deletion deletion[SOURCES];
HandOver handOver[WORKERS];
Outcome outcome[WORKERS];    /* not written down yet; the worker's next hand-over may have begun */
bool locks[WORKERS];         /* the session lives that holds the lock of the worker's id */
Outcome sweep;
mtype fanOut = idle;
byte faults = FAULTS;
#ifdef REFUSALS
byte refusals = REFUSALS;
#endif

/* What must hold (design, section 5). A name that has become false was violated. */
bool I1 = true;      /* of what is answered, or called, `cancelled` nothing was accepted, and nothing will be */
bool I1a = true;     /* after any answer to a deletion nothing is claimed, and nothing begins to wait */
bool I2 = true;      /* accepted once, unless a fault fell into a hand-over */
bool I3 = true;      /* what is `sent` was accepted */
bool I5 = true;      /* end states never change; of the answers only `pending` does, and 409 stays 409 */
bool I6 = true;      /* what is accepted again was tainted before */
bool NEVER = true;   /* what can well happen; checked to see that it does, so that nothing holds for want of a case */
#define MUST(invariant, condition) invariant = (condition); assert(invariant)

/* ---- who is asked about ---- */

#if ROWS > 1
#define ANY_ROW(is) (is(0) || is(1))
#else
#define ANY_ROW(is) is(0)
#endif
#define OF(r, s) ((s) == 0 || (r) == 0)
#if SOURCES > 1
#define ANY_SOURCE(r, is) (is(0) || ((r) == 0 && is(1)))
#else
#define ANY_SOURCE(r, is) is(0)
#endif
#define ROW_OF(s, is) (is(0) || (ROWS > 1 && OF(ROWS - 1, s) && is(ROWS - 1)))

#define WAITS(r) (row[r].status == pending || row[r].status == retrying)
#define ENDED(r) (row[r].status == sent || row[r].status == failed \
  || row[r].status == cancelled || row[r].status == unknown)
#define SENDING(r) (row[r].status == sending)
#define NOT_SENT(r) (row[r].status != sent)
#define OPEN(r) (!ENDED(r) && row[r].status != absent)
#ifdef UNKNOWN_COUNTS_AS_NOTHING
#define MAY_BE_OUT(r) (row[r].status == sent)
#else
#define MAY_BE_OUT(r) (row[r].status == sent || row[r].status == retrying || row[r].status == unknown)
#endif
#define DELETED(s) source[s].deleted
#define ANSWERED(s) (source[s].answer != none)
#define SAYS_CANCELLED(s) (source[s].answer == cancelled)

/* ---- locks on sources ---- */

/* Advisory: share locks of claims, outcomes and the sweeper, against the exclusive one of a deletion. */
#if defined(LOOK_BEFORE_LOCK)
#define SHARES(s) false
#else
#define CLAIM_SHARES(w, s) (handOver[w].at == claiming && OF(handOver[w].row, s))
#define WRITER_SHARES(o, s) (o.writing && OF(o.row, s))
#define WORKER_SHARES(w, s) (CLAIM_SHARES(w, s) || WRITER_SHARES(outcome[w], s))
#if WORKERS > 2
#define SHARES(s) (WORKER_SHARES(0, s) || WORKER_SHARES(1, s) || WORKER_SHARES(2, s) || WRITER_SHARES(sweep, s))
#else
#define SHARES(s) (WORKER_SHARES(0, s) || WORKER_SHARES(1, s) || WRITER_SHARES(sweep, s))
#endif
#endif
#if defined(DELETION_WITHOUT_ADVISORY_LOCK)
#define LOCKED(s) false
#define MAY_LOCK(s) true
#elif defined(DELETION_IN_ONE_STATEMENT)
#define LOCKED(s) false
#define MAY_LOCK(s) (!SHARES(s))
#else
#define LOCKED(s) (deletion[s].at != idle)
#define MAY_LOCK(s) (!SHARES(s))
#endif
#if defined(LOOK_BEFORE_LOCK)
#define MAY_LOOK(r) true
#define MAY_WRITE(r) (!ANY_SOURCE(r, LOCKED))
#else
#define MAY_LOOK(r) (!ANY_SOURCE(r, LOCKED))
#define MAY_WRITE(r) true
#endif

/* On the row: FOR SHARE of a fan-out, against the tombstone that a deletion has written and not yet committed. */
#ifdef DELETION_WITHOUT_ROW_LOCK
#define ROW_LOCKED(s) false
#define MAY_MARK true
#else
#define ROW_LOCKED(s) (deletion[s].at == marked || deletion[s].at == looked)
#define MAY_MARK (fanOut != claiming)
#endif

/* ---- what happens to rows ---- */

inline become(r, state) {
  MUST(I5, !ENDED(r));
  row[r].status = state; row[r].holder = 0;
  MUST(I1, row[r].status != cancelled || row[r].copies == 0);
  MUST(I3, row[r].status != sent || row[r].copies > 0)
}

inline waitOrEnd(r, gone) {
  if
  :: row[r].tainted && gone -> become(r, unknown)
  :: row[r].tainted && !gone -> become(r, retrying)
  :: row[r].tainted -> become(r, unknown)      /* given up: refused for good, or too often */
  :: !row[r].tainted && gone -> become(r, cancelled)
  :: !row[r].tainted && !gone -> become(r, pending)
  :: !row[r].tainted -> become(r, failed)
  fi
}

inline stop(r) {
  if
  :: row[r].status == pending -> become(r, cancelled)
  :: row[r].status == retrying -> become(r, unknown)
  :: else
  fi
}

inline arrive(r) {       /* the mail server takes a mail */
  if :: row[r].copies < 2 -> row[r].copies++ :: else fi;
  MUST(I1, row[r].status != cancelled && !ANY_SOURCE(r, SAYS_CANCELLED));
  MUST(I2, row[r].copies == 1 || row[r].excused);
  MUST(I6, row[r].copies == 1 || row[r].tainted);
#ifdef NEVER_TWICE
  MUST(NEVER, row[r].copies == 1)
#endif
}

/* ---- workers ---- */

inline newId(w) {        /* the one it had is nobody's any more */
#ifndef SAME_ID
  if :: row[0].holder == w + 1 -> row[0].holder = 0 :: else fi;
#if ROWS > 1
  if :: row[1].holder == w + 1 -> row[1].holder = 0 :: else fi;
#endif
#endif
  locks[w] = true
}

inline over(w) {
  handOver[w].at = idle; handOver[w].row = 0; handOver[w].mine = false; handOver[w].deleted = false
}

inline forget(o) {
  o.kind = 0; o.row = 0; o.mine = false; o.writing = false; o.deleted = false
}

inline note(w, how) {
  outcome[w].kind = how; outcome[w].row = handOver[w].row; outcome[w].mine = handOver[w].mine;
  over(w)
}

#define LOOK_AT(r) atomic { \
  handOver[w].at == idle && WAITS(r) && MAY_LOOK(r) -> \
    handOver[w].at = claiming; handOver[w].row = r; handOver[w].deleted = ANY_SOURCE(r, DELETED) }

proctype Worker(byte w) {
  byte r, other;
end:
  do
  :: LOOK_AT(0)
#if ROWS > 1
  :: LOOK_AT(1)
#endif
  :: atomic { handOver[w].at == claiming && MAY_WRITE(handOver[w].row) ->
       r = handOver[w].row;
       if
       :: WAITS(r) && !handOver[w].deleted ->
          MUST(I1a, !ANY_SOURCE(r, ANSWERED));
          row[r].status = sending; row[r].holder = w + 1;
          for (other : 0 .. WORKERS - 1) {
            if :: handOver[other].row == r -> handOver[other].mine = false :: else fi;
            if :: outcome[other].row == r -> outcome[other].mine = false :: else fi
          }
          handOver[w].at = claimed; handOver[w].mine = true
       :: else -> over(w)
       fi;
       r = 0; other = 0 }
  /* The check, on the session that holds the lock: a worker whose lock is lost takes a new id at once. */
  :: atomic { handOver[w].at == claimed && !outcome[w].kind ->
       r = handOver[w].row;
       if
#ifdef NO_CONFIRMATION
       :: handOver[w].at = confirmed
#else
       :: locks[w] && row[r].holder == w + 1 && SENDING(r) && handOver[w].mine && !ANY_SOURCE(r, DELETED) ->
          handOver[w].at = confirmed
       :: else ->
          note(w, refused);
#ifndef NO_FENCING
          if :: !locks[w] -> newId(w) :: else fi
#endif
#endif
       fi;
       r = 0 }
  :: atomic { handOver[w].at == confirmed -> handOver[w].at = out }
#ifdef REFUSALS
  :: atomic { handOver[w].at == confirmed && !outcome[w].kind && refusals > 0 -> refusals--; note(w, refused) }
#else
  :: atomic { handOver[w].at == confirmed && !outcome[w].kind -> note(w, refused) }
#endif
#ifdef SENT_BEFORE_ANSWER
  :: atomic { handOver[w].at == out && !outcome[w].kind -> row[handOver[w].row].astray++; note(w, accepted) }
#endif
  :: atomic { handOver[w].at == taken && !outcome[w].kind -> note(w, accepted) }
#ifndef NO_FENCING
  :: atomic { !locks[w] -> newId(w) }
#endif
  od
}

/* Outcomes are written beside the hand-overs, also after the worker has taken a new id. */
proctype Settling(byte w) {
  byte r;
end:
  do
  :: atomic { outcome[w].kind && !outcome[w].writing && MAY_LOOK(outcome[w].row) ->
       outcome[w].writing = true; outcome[w].deleted = ANY_SOURCE(outcome[w].row, DELETED) }
  :: atomic { outcome[w].writing && MAY_WRITE(outcome[w].row) ->
       r = outcome[w].row;
       if
#ifdef NO_TOKEN
       :: SENDING(r) ->
#else
       :: SENDING(r) && outcome[w].mine ->
#endif
          if
          :: outcome[w].kind == accepted -> become(r, sent)
          :: outcome[w].kind == refused -> waitOrEnd(r, outcome[w].deleted)
          :: outcome[w].kind == ambiguous ->
#ifndef LOST_ANSWER_IS_REFUSAL
             row[r].tainted = true;
#endif
             waitOrEnd(r, outcome[w].deleted)
          fi
#ifdef LATE_ACCEPTANCE_ALWAYS_COUNTS
       :: !SENDING(r) && outcome[w].mine && outcome[w].kind == accepted -> become(r, sent)
#else
       :: row[r].status == retrying && outcome[w].mine && outcome[w].kind == accepted -> become(r, sent)
#endif
       :: else
       fi;
       forget(outcome[w]); r = 0 }
  od
}

proctype MailServer() {
  byte r, w;
end:
  do
  :: atomic { handOver[0].at == out -> handOver[0].at = taken; r = handOver[0].row; arrive(r); r = 0 }
  :: atomic { handOver[1].at == out -> handOver[1].at = taken; r = handOver[1].row; arrive(r); r = 0 }
#if WORKERS > 2
  :: atomic { handOver[2].at == out -> handOver[2].at = taken; r = handOver[2].row; arrive(r); r = 0 }
#endif
  :: atomic { row[0].astray > 0 -> row[0].astray--; arrive(0) }
#if ROWS > 1
  :: atomic { row[1].astray > 0 -> row[1].astray--; arrive(1) }
#endif
  od
}

/* ---- the sweeper, and the finaliser ---- */

#if defined(LEASE)
#define GONE(r) true
#elif defined(SWEEPER_SHARES_SESSION)
#define GONE(r) (row[r].holder <= 1 || !locks[row[r].holder - 1])
#else
#define GONE(r) (row[r].holder == 0 || !locks[row[r].holder - 1])
#endif
#define SWEEP(r) atomic { \
  !sweep.writing && SENDING(r) && GONE(r) && MAY_LOOK(r) -> \
    sweep.writing = true; sweep.row = r; sweep.deleted = ANY_SOURCE(r, DELETED) }

proctype Sweeper() {
  byte r;
end:
  do
  :: SWEEP(0)
#if ROWS > 1
  :: SWEEP(1)
#endif
  :: atomic { sweep.writing && MAY_WRITE(sweep.row) ->
       r = sweep.row;
       if
       :: SENDING(r) && GONE(r) ->
#ifdef LOST_CLAIM_IS_PENDING
          if :: sweep.deleted -> become(r, cancelled) :: else -> become(r, pending) fi
#else
          row[r].tainted = true; waitOrEnd(r, sweep.deleted)
#endif
       :: else
       fi;
       forget(sweep); r = 0 }
  od
}

proctype Finaliser() {
end:
  do
  :: atomic { ANY_SOURCE(0, DELETED) && WAITS(0) -> stop(0) }
#if ROWS > 1
  :: atomic { ANY_SOURCE(1, DELETED) && WAITS(1) -> stop(1) }
#endif
  od
}

/* ---- deletions ---- */

#define VERDICT(s) (ROW_OF(s, SENDING) -> open : (ROW_OF(s, MAY_BE_OUT) -> stopped : cancelled))

inline tell(s, told) {
  MUST(I5, !source[s].alreadySent
    && (source[s].answer == none || source[s].answer == open || source[s].answer == told));
#if defined(NEVER_STOPPED_IN_PART)
  MUST(NEVER, told != stopped || row[0].status != cancelled || row[ROWS - 1].status != sent);
#elif defined(NEVER_CANCELLED_LATER)
  MUST(NEVER, source[s].answer != open || told != cancelled);
#elif defined(NEVER_STOPPED_LATER)
  MUST(NEVER, source[s].answer != open || told != stopped);
#endif
  source[s].answer = told
}

inline lookAt(s) {
  deletion[s].waits[0] = WAITS(0);
#if ROWS > 1
  deletion[s].waits[1] = WAITS(1) && OF(1, s);
#endif
#ifdef DELETION_IN_ONE_STATEMENT
  deletion[s].verdict = VERDICT(s);
#endif
  deletion[s].at = looked
}

inline rollBack(s) {     /* or the end of one that is committed */
  deletion[s].at = idle; deletion[s].verdict = 0; deletion[s].waits[0] = false;
#if ROWS > 1
  deletion[s].waits[1] = false;
#endif
}

proctype Deleting(byte s) {
end:
  do
#ifdef DELETION_IN_ONE_STATEMENT
  :: atomic { deletion[s].at == idle && !source[s].deleted -> lookAt(s) }
#else
  :: atomic { deletion[s].at == idle && !source[s].deleted && MAY_LOCK(s) -> deletion[s].at = locked }
  :: atomic { deletion[s].at == locked && MAY_MARK -> deletion[s].at = marked }
  :: atomic { deletion[s].at == marked -> lookAt(s) }
#endif
#ifdef DELETION_IN_ONE_STATEMENT
  :: atomic { deletion[s].at == looked && MAY_LOCK(s) ->
#else
  :: atomic { deletion[s].at == looked ->
#endif
       if
       :: s == 0 && !ANY_ROW(NOT_SENT) ->
          source[s].alreadySent = true;
#ifdef NEVER_ALREADY_SENT
          MUST(NEVER, false);
#endif
#ifdef REFUSED_DELETION_LEAVES_TOMBSTONE
          source[s].deleted = true
#endif
       :: else ->
          source[s].deleted = true;
          if :: deletion[s].waits[0] -> stop(0) :: else fi;
#if ROWS > 1
          if :: deletion[s].waits[1] -> stop(1) :: else fi;
#endif
#ifdef DELETION_IN_ONE_STATEMENT
          tell(s, deletion[s].verdict)
#else
          tell(s, VERDICT(s))
#endif
       fi;
       rollBack(s) }
  /* Asked again. */
  :: atomic { deletion[s].at == idle && source[s].deleted -> tell(s, VERDICT(s)) }
  od
}

/* ---- fan-out ---- */

#ifdef FAN_OUT
#define MAKE(r) \
  if \
  :: gone[r] -> row[r].status = cancelled \
  :: else -> MUST(I1a, !ANY_SOURCE(r, ANSWERED)); row[r].status = pending \
  fi

proctype FanOut() {
  bool gone[ROWS];
end:
  do
  :: atomic { fanOut == idle && !ANY_SOURCE(0, ROW_LOCKED) ->
       gone[0] = ANY_SOURCE(0, DELETED);
#if ROWS > 1
       gone[1] = ANY_SOURCE(1, DELETED);
#endif
       fanOut = claiming }
  :: atomic { fanOut == claiming ->
       MAKE(0);
#if ROWS > 1
       MAKE(1);
       gone[1] = false;
#endif
       gone[0] = false; fanOut = claimed }
  od
}
#endif

/* ---- faults ---- */

inline excuse(w) {       /* of the hand-overs of this worker, from the check to the written outcome */
  if
  :: handOver[w].at == confirmed || handOver[w].at == out || handOver[w].at == taken ->
     row[handOver[w].row].excused = true
  :: else
  fi;
  if :: outcome[w].kind -> row[outcome[w].row].excused = true :: else fi
}

inline leaveAstray(w) {  /* bytes stay in buffers, whatever becomes of who wrote them */
  if :: handOver[w].at == out -> row[handOver[w].row].astray++ :: else fi
}

inline undo(w) {         /* what of it is not committed */
  if :: handOver[w].at == claiming -> over(w) :: else fi;
  outcome[w].writing = false; outcome[w].deleted = false
}

#define FAULTS_OF(w) \
  :: atomic { faults > 0 -> faults--;                              /* kill -9, and started again */ \
       excuse(w); leaveAstray(w); over(w); forget(outcome[w]); newId(w) } \
  :: atomic { faults > 0 && locks[w] -> faults--; excuse(w); locks[w] = false } \
  :: atomic { faults > 0 && !outcome[w].kind && (handOver[w].at == out || handOver[w].at == taken) -> \
       faults--; leaveAstray(w); note(w, ambiguous); excuse(w) }

proctype Faults() {
  byte w;
end:
  do
  FAULTS_OF(0)
  FAULTS_OF(1)
#if WORKERS > 2
  FAULTS_OF(2)
#endif
  :: atomic { faults > 0 -> faults--;                              /* Postgres stops: locks and transactions are gone */
       for (w : 0 .. WORKERS - 1) { excuse(w); undo(w); locks[w] = false }
       forget(sweep);
       for (w : 0 .. SOURCES - 1) { rollBack(w) }
       if :: fanOut == claiming -> fanOut = idle :: else fi;
       w = 0 }
  :: atomic { faults > 0 && deletion[0].at != idle -> faults--; rollBack(0) }   /* the api is killed */
#if SOURCES > 1
  :: atomic { faults > 0 && deletion[1].at != idle -> faults--; rollBack(1) }
#endif
  od
}

#ifdef LIVENESS
/* Always something to do: where all others are stuck, Spin would not look for an endless run that is fair. */
proctype Clock() { bit tick; end: do :: tick = 1 - tick od }
#endif

init {
  byte i;
  atomic {
    for (i : 0 .. WORKERS - 1) { handOver[i].at = idle; locks[i] = true; run Worker(i); run Settling(i) }
    for (i : 0 .. SOURCES - 1) { deletion[i].at = idle; source[i].answer = none }
#ifndef NO_DELETION
    for (i : 0 .. SOURCES - 1) { run Deleting(i) }
#endif
    run MailServer(); run Sweeper(); run Faults();
#ifndef NO_FINALISER
    run Finaliser();
#endif
#ifdef FAN_OUT
    for (i : 0 .. ROWS - 1) { row[i].status = absent }
    run FanOut();
#else
    for (i : 0 .. ROWS - 1) { row[i].status = pending }
#endif
#ifdef LIVENESS
    run Clock();
#endif
    i = 0
  }
}

#ifdef LIVENESS
/* I4: everything ends, whatever happened; and a deletion that was answered `pending` gets its last answer. */
ltl I4 { <> [] (!ANY_ROW(OPEN) && source[0].answer != open) }
#endif
