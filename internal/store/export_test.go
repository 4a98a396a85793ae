package store

import "context"

// Hold occupies the writer until gate is closed.
func Hold(ctx context.Context, s *Store, gate <-chan struct{}) error {
	return s.do(ctx, func(context.Context, *txn) error {
		<-gate
		return nil
	})
}
