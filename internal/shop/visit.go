package shop

import (
	"context"
	"math/rand/v2"
	"time"

	"goldensignals/internal/deadline"
	"goldensignals/internal/fault"
	"goldensignals/internal/trace"
)

// visit is the whole life of a request between its arrival and its answer.
type visit struct {
	*route
	robot  bool
	canary string // the release that served it, if it was the canary
	random rand.Rand
	source rand.PCG
}

// do serves the request. Its random numbers depend on the seed, the trace and
// the route only, so that requests do not disturb each other's fate.
func (v *visit) do(ctx context.Context, tr trace.Context) outcome {
	p := v.process
	st := v.state(time.Now())
	if st.Shed && v.robot {
		return shed
	}
	if o := p.workers.acquire(ctx, p.workerLimit(st)); o != done {
		return o
	}
	defer func() { p.workers.release(p.workerLimit(v.state(time.Now()))) }()

	v.source.Seed(v.service.seed^tr.Key(), v.salt)
	v.random = *rand.New(&v.source)
	work := workTime(v.spec.work, &v.random)
	now := time.Now()
	st = v.state(now)
	effect := v.service.faults.Effect(now, v.random.Uint64())
	if effect.Canary {
		v.canary = st.Canary
	}
	if o := v.ownWork(ctx, now, work, effect, st); o != done {
		return o
	}
	if o := v.call(ctx, tr, effect.Cut); o != done {
		return o
	}
	if v.spec.queues {
		now = time.Now()
		v.service.jobs.add(now, v.state(now))
	}
	return done
}

// ownWork is what the service does by itself: it needs processor time, perhaps
// a database connection, room on the volume and in the queue.
func (v *visit) ownWork(ctx context.Context, now time.Time, work time.Duration, effect fault.Effect, st fault.State) outcome {
	if v.service.spec.pool > 0 {
		if o := v.connect(ctx, now, st); o != done {
			return o
		}
		defer func() { v.process.pool.release(v.process.poolLimit(v.state(time.Now()))) }()
	}
	if !v.work(ctx, now, work, effect.Delay+st.Pause, st) {
		return gone
	}
	switch {
	case effect.Fail:
		return broken
	case v.service.spec.stores && v.full(st):
		return broken
	case v.spec.queues && v.service.jobs.full(time.Now(), st):
		return overloaded
	}
	return done
}

// work uses the processor time of the work and waits for the rest of it, and
// for the quota where that is used up. It returns false as soon as ctx ends.
func (v *visit) work(ctx context.Context, now time.Time, work, extra time.Duration, st fault.State) bool {
	cpu := time.Duration(float64(work) * cpuShare)
	if c := v.service.container; c != nil {
		c.Work(time.Duration(float64(cpu) * st.CostOr1()))
		return deadline.Sleep(ctx, work-cpu+extra)
	}
	l := v.process.box.take(now, cpu, st)
	if deadline.Sleep(ctx, work+l.wait+extra) {
		return true
	}
	if l.wait > 0 { // most likely it had not had its turn
		v.process.box.giveBack(l)
	}
	return false
}

// full reports whether nothing more can be stored.
func (v *visit) full(st fault.State) bool {
	if c := v.service.container; c != nil {
		return c.Full()
	}
	return disk(st) >= diskLimit
}

// connect waits for a database connection.
func (v *visit) connect(ctx context.Context, now time.Time, st fault.State) outcome {
	limit := v.process.poolLimit(st)
	if v.process.pool.try(limit) {
		return done
	}
	waiting := deadline.With(ctx, now.Add(poolTimeout))
	defer waiting.Close()
	o := v.process.pool.acquire(waiting, limit)
	if o == gone && ctx.Err() == nil {
		return broken // it was not the client who gave up
	}
	return o
}

// call asks the services that the route needs, one after the other.
func (v *visit) call(ctx context.Context, tr trace.Context, cut bool) outcome {
	for i, c := range v.calls {
		if cut {
			return c.refused(tr, i)
		}
		if o := c.do(ctx, tr, i); o != done {
			return o
		}
	}
	return done
}

func (v *visit) state(now time.Time) fault.State {
	return v.service.faults.State(now, v.process.start)
}

// workerLimit is how many requests can be worked on at a time.
func (p *process) workerLimit(st fault.State) int {
	return int(float64(p.service.spec.workers) * st.ScaleOr1())
}

// poolLimit is how many database connections can be had.
func (p *process) poolLimit(st fault.State) int {
	size := float64(p.service.spec.pool)
	return int(size*st.ScaleOr1()*st.PoolOr1() - size*st.PoolLost + 0.5)
}
