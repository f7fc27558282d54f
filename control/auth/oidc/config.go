package oidc

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/control/auth"
)

// Config says which provider to trust with what.
type Config struct {
	Issuer      string // URL, exactly as the provider spells it
	ClientID    string
	SecretFile  string   // holds the client secret; read at each sign-in, so it can be changed
	RedirectURL string   // of this installation: https://…/api/v1/session/oidc/callback
	Scopes      []string // default openid, profile
	NameClaim   string   // default preferred_username
	GroupsClaim string   // default groups
	// Audiences are trusted beside the client id where a token names several (Core §3.1.3.7).
	Audiences []string
	// Grants says what each group may do. Who is in none of them may not enter.
	Grants map[string]auth.Grants
}

// callback is the path that a provider sends people back to.
const callback = "/api/v1/session/oidc/callback"

// Grants reads what a group may do: grants with semicolons between them.
func Grants(text string) (auth.Grants, error) {
	var gs auth.Grants
	for part := range strings.SplitSeq(text, ";") {
		g, err := auth.ParseGrant(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		gs = append(gs, g)
	}
	return gs, gs.Check()
}

// Check fills defaults and says what is wrong.
func (c *Config) Check() error {
	for _, f := range []struct{ name, value string }{{"issuer", c.Issuer}, {"client_id", c.ClientID}, {"client_secret_file", c.SecretFile}, {"redirect_url", c.RedirectURL}} {
		if f.value == "" {
			return fmt.Errorf("oidc.%s is missing", f.name)
		}
	}
	if err := checkURL(c.Issuer); err != nil {
		return fmt.Errorf("oidc.issuer %w", err)
	}
	if err := checkURL(c.RedirectURL); err != nil {
		return fmt.Errorf("oidc.redirect_url %w", err)
	}
	if !strings.HasSuffix(c.RedirectURL, callback) {
		return fmt.Errorf("oidc.redirect_url must end with %s", callback)
	}
	if len(c.Grants) == 0 {
		return errors.New("oidc.grants is empty: nobody could enter; map at least one group, like admins: admin")
	}
	if _, err := c.secret(); err != nil {
		return err
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "profile"}
	}
	if !slices.Contains(c.Scopes, "openid") {
		c.Scopes = append([]string{"openid"}, c.Scopes...)
	}
	if c.NameClaim == "" {
		c.NameClaim = "preferred_username"
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	return nil
}

// checkURL wants TLS wherever a packet leaves the machine: codes and tokens pass there.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("is not a URL like https://login.example.com")
	}
	if a, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !a.IsLoopback()) {
		return errors.New("must be https")
	}
	return nil
}

func (c *Config) secret() (string, error) {
	b, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return "", fmt.Errorf("oidc.client_secret_file: %w", err)
	}
	if s := strings.TrimSpace(string(b)); s != "" {
		return s, nil
	}
	return "", fmt.Errorf("oidc.client_secret_file %s is empty", c.SecretFile)
}

// grants are what a person in these groups may do.
func (c *Config) grants(groups []string) auth.Grants {
	var out auth.Grants
	for _, g := range groups {
		for _, one := range c.Grants[g] {
			if !out.Cover(auth.Grants{one}) {
				out = append(out, one)
			}
		}
	}
	return out
}
