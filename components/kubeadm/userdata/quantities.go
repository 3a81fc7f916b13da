package userdata

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// checkQuantities reports every value that is no quantity; percentages are allowed for eviction thresholds.
func checkQuantities(field string, quantities map[string]string, percentages bool) error {
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(quantities)) {
		value := quantities[key]
		if percentages && isPercentage(value) {
			continue
		}
		quantity, err := resource.ParseQuantity(value)
		if err != nil || quantity.Sign() < 0 {
			problems = append(problems, fmt.Errorf("%s: %s[%q] is %q, must be a quantity, e.g. 100m or 256Mi", KubeletPatchPath, field, key, value))
		}
	}
	return errors.Join(problems...)
}

func isPercentage(value string) bool {
	number, found := strings.CutSuffix(value, "%")
	share, err := strconv.ParseFloat(number, 64)
	return found && err == nil && share > 0 && share < 100
}
