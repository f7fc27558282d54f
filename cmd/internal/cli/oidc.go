package cli

import (
	"reflect"

	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
)

// provider reads the node file's section oidc; nil when it is not there.
func provider(c config.OIDC) (*oidc.Config, error) {
	if reflect.ValueOf(c).IsZero() {
		return nil, nil
	}
	out := &oidc.Config{Issuer: c.Issuer, ClientID: c.ClientID, SecretFile: c.ClientSecret, RedirectURL: c.RedirectURL, Scopes: c.Scopes, NameClaim: c.NameClaim,
		GroupsClaim: c.GroupsClaim, Audiences: c.Audiences, Grants: map[string]auth.Grants{}}
	for group, text := range c.Grants {
		gs, err := oidc.Grants(text)
		if err != nil {
			return nil, usagef("oidc.grants of %q: %v", group, err)
		}
		out.Grants[group] = gs
	}
	return out, nil
}
