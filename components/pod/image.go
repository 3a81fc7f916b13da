package pod

import (
	"strings"

	"github.com/growbin/cluster/components/validation"
)

// ValidateImage requires an image reference with a tag or a digest.
func ValidateImage(problems *validation.Problems, field, image string) {
	if name := image[strings.LastIndex(image, "/")+1:]; !strings.ContainsAny(name, ":@") {
		problems.Add(field, image, "must have a tag or a digest, e.g. redis:7.2.16: latest moves")
	}
}
