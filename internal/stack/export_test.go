package stack

import "goldensignals/internal/fault"

// ActiveFaults lists what acts now, also while a drill hides it.
func (s *Stack) ActiveFaults() []fault.Active { return faults{s.parts.services}.Active() }
