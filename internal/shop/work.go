package shop

import (
	"math"
	"math/rand/v2"
	"time"
)

// Work times are log-normal: most are near the median, a few take twice as
// long, none more than four times.
const (
	workSpread = 0.3 // standard deviation of the logarithm: the 99th percentile is twice the median
	workMax    = 4.0 // medians
)

// workTime draws how long a piece of work with the given median takes.
func workTime(median time.Duration, r *rand.Rand) time.Duration {
	return time.Duration(float64(median) * min(math.Exp(workSpread*r.NormFloat64()), workMax))
}
