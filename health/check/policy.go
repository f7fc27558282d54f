package check

import (
	"fmt"
	"net/netip"

	"github.com/meridian-gtm/meridian/internal/netguard"
)

// Policy says which addresses may be probed. Those who may edit targets are not
// those who run the prober's machine: without a policy a probe with send, expect
// and redirects could ask the machine's own services and the cloud's credentials.
type Policy struct {
	// Allow lists prefixes that are exempt from the refusals.
	Allow []netip.Prefix
}

// DeniedError tells which address the policy refused and why.
type DeniedError struct {
	Addr netip.Addr
	What string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%v is a %s address; start the prober with --probe-allow to probe it", e.Addr, e.What)
}

// Check returns a *DeniedError for an address that may not be probed. The address
// must be the one that is connected to, after names and redirects.
func (p Policy) Check(addr netip.Addr) error {
	if what := netguard.Refusal(addr, p.Allow, netguard.Special); what != "" {
		return &DeniedError{addr.Unmap().WithZone(""), what}
	}
	return nil
}
