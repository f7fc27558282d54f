package cli

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
)

// Exit codes of the outer contract.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
	exitConflict = 4
	exitDenied   = 5
)

// usageError is a command that makes no sense as it was typed.
type usageError struct{ error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// silent is a failure whose words have been printed already.
type silent struct{ code int }

func (silent) Error() string { return "failed" }

// exitCode maps an error to its code, and to the words that help where the error
// itself cannot.
func exitCode(err error) (code int, hint string) {
	var (
		usage *usageError
		done  silent
		p     *client.Problem
	)
	switch {
	case errors.As(err, &done):
		return done.code, ""
	case errors.As(err, &usage):
		return exitUsage, ""
	case errors.As(err, &p):
		switch p.Status {
		case http.StatusNotFound, http.StatusGone:
			if p.Code == "" { // not Meridian's own: nothing is known of what was asked for
				return exitFailed, ""
			}
			return exitNotFound, ""
		case http.StatusConflict, http.StatusPreconditionFailed:
			return exitConflict, ""
		case http.StatusUnauthorized:
			if p.Code == "wrong_credentials" { // a password was given, and no token asked for
				return exitDenied, ""
			}
			return exitDenied, "Set MERIDIAN_TOKEN, or token in the configuration file. The first token of a server is in its data folder: export MERIDIAN_TOKEN=$(cat data/admin.token)"
		case http.StatusForbidden:
			return exitDenied, "Use a token whose role allows this; an admin makes one with \"meridian token create\"."
		}
	}
	return exitFailed, ""
}
