package instance

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NoCapacity is EC2's error code when a zone has no more instances of a type.
const NoCapacity = "InsufficientInstanceCapacity"

// remedies say what to do about an error code of EC2's RunInstances. An update continues where it stopped.
var remedies = []struct{ code, remedy string }{
	{NoCapacity, "EC2 has no instance of this type in this zone now. Run the update again later, " +
		"or give the instance another type or zone, or buy it on demand if it is a spot instance"},
	{"MaxSpotInstanceCountExceeded", "The account may have no more spot instances. Request a higher quota for them, or buy this instance on demand"},
	{"VcpuLimitExceeded", "The account may have no more vCPUs of this family. Request a higher quota, or end other instances"},
}

// Remedy returns a sentence with the way out of a failed launch, or "" if the error has none of the codes of remedies.
func Remedy(name, failure string) string {
	for _, r := range remedies {
		if strings.Contains(failure, r.code) {
			return fmt.Sprintf("instance %s: %s.", name, r.remedy)
		}
	}
	return ""
}

// errorHooks are the versions of the Pulumi CLI that have error hooks. With an older one, Pulumi's SDK drops the registration of a
// resource with such a hook and says nothing, so that the update would delete the instance.
const errorHooks = ">=3.219.0"

// explainLaunch returns an option by which the engine prints the remedy beside EC2's error. Nothing is tried again.
func explainLaunch(ctx *pulumi.Context, name string) (pulumi.ResourceOption, error) {
	if err := ctx.RequirePulumiVersion(errorHooks); err != nil {
		return nil, fmt.Errorf("the version of the Pulumi CLI must be %s: %w", errorHooks, err)
	}
	hook, err := ctx.RegisterErrorHook("explain-launch-"+name, func(failed *pulumi.ErrorHookArgs) (bool, error) {
		if failed.FailedOperation != "create" || len(failed.Errors) == 0 {
			return false, nil
		}
		if sentence := Remedy(name, failed.Errors[0]); sentence != "" {
			return false, ctx.Log.Error(sentence, nil)
		}
		return false, nil
	})
	if err != nil {
		return nil, fmt.Errorf("error hook: %w", err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}), nil
}
