package api

import (
	"errors"
	"net/http"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
)

// named says what it is that does not exist, where the error itself does not.
func named(err error, what string) error {
	var obj *control.ObjectError
	if !errors.As(err, &obj) && (errors.Is(err, store.ErrNotFound) || errors.Is(err, control.ErrNotFound)) {
		return problem(http.StatusNotFound, "not_found", what+" does not exist.")
	}
	return err
}
