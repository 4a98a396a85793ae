package shop

import (
	"sync"
	"time"

	"goldensignals/internal/fault"
)

// jobs is the queue of what is done after an answer was given: orders wait here
// for their confirmation. One consumer takes them in turn. It is worked out when
// somebody looks, so it needs no goroutine; it outlives the process, as a broker
// does. It is safe for concurrent use.
type jobs struct {
	limit int
	each  time.Duration // of work per job

	mu        sync.Mutex
	waiting   []time.Time // arrivals, oldest first
	free      time.Time   // when the consumer is done with what it had before the oldest
	processed int
	setAside  int
}

func newJobs(limit int, each time.Duration) *jobs { return &jobs{limit: limit, each: each} }

// full reports whether another job would be refused at now.
func (j *jobs) full(now time.Time, st fault.State) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.advance(now, st)
	return len(j.waiting) >= j.limit
}

// add queues a job that arrives at now. Those who asked full first may exceed
// the limit by as many as they are: nothing that was accepted is lost.
func (j *jobs) add(now time.Time, st fault.State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.advance(now, st)
	j.waiting = append(j.waiting, now)
}

// jobLevels are the figures of the queue.
type jobLevels struct {
	waiting, processed, setAside int
	oldest                       time.Duration // age of the oldest job; 0: none waits
}

func (j *jobs) levels(now time.Time, st fault.State) jobLevels {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.advance(now, st)
	l := jobLevels{waiting: len(j.waiting), processed: j.processed, setAside: j.setAside}
	if l.waiting > 0 {
		l.oldest = now.Sub(j.waiting[0])
	}
	return l
}

// advance works out what the consumer has done until now.
func (j *jobs) advance(now time.Time, st fault.State) {
	for len(j.waiting) > 0 && j.waiting[0].Before(st.Drained) {
		j.waiting = j.waiting[1:]
		j.setAside++
	}
	if st.Stalled {
		j.free = now
		return
	}
	for len(j.waiting) > 0 {
		begin := j.waiting[0]
		if j.free.After(begin) {
			begin = j.free
		}
		end := begin.Add(j.each)
		if end.After(now) {
			return
		}
		j.free = end
		j.waiting = j.waiting[1:]
		j.processed++
	}
}
