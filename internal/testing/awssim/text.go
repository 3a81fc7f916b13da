package awssim

import (
	"bytes"
	"encoding/json"
	"strings"
)

func joined(list []string) string { return strings.Join(list, ", ") }

func upper(s string) string { return strings.ToUpper(s) }

// compactSize is a JSON text's length without white space, as IAM counts it.
func compactSize(text string) int {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return len(text)
	}
	return out.Len()
}
