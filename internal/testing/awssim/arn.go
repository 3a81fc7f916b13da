package awssim

import (
	"fmt"
	"regexp"
)

var arnForm = regexp.MustCompile(`^arn:[\w-]+:[\w-]+:[\w-]*:(\d{12}|aws)?:.+$`)

func validARN(value any) error {
	if s := value.(string); !arnForm.MatchString(s) {
		return fmt.Errorf("%q is not an ARN", s)
	}
	return nil
}
