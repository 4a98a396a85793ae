package engine

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/prometheus/prometheus/scrape"
)

// fixScrapePhase makes the moment within an interval at which a target is
// scraped depend on the target alone. Prometheus also hashes the host's
// fully qualified name, so that the servers of a pair do not scrape together;
// for one server that makes two machines replay the same drill differently,
// and it asks DNS, which virtual time cannot wait for. The field that
// Prometheus has for its own tests is private, hence the reflection.
func fixScrapePhase(o *scrape.Options) error {
	f := reflect.ValueOf(o).Elem().FieldByName("fqdn")
	if !f.IsValid() || f.Kind() != reflect.String {
		return errors.New("scrape.Options has no string field fqdn: this version of Prometheus needs another way")
	}
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().SetString("goldensignals")
	return nil
}
