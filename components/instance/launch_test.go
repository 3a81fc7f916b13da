package instance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/internal/testing/awssim"
)

func TestRemedy_OfRefusals(t *testing.T) {
	for failure, want := range map[string]string{
		"creating EC2 Instance: operation error EC2: RunInstances, api error InsufficientInstanceCapacity: There is no Spot capacity": "Run the update again later, " +
			"or give the instance another type or zone, or buy it on demand",
		"api error MaxSpotInstanceCountExceeded: Max spot instance count exceeded": "Request a higher quota",
		"api error VcpuLimitExceeded: You have requested more vCPU capacity":       "Request a higher quota",
		"api error InvalidSubnetID.NotFound: The subnet ID does not exist":         "",
	} {
		got := Remedy("k8s-redis", failure)
		if want == "" {
			assert.Empty(t, got, failure)
		} else {
			assert.Contains(t, got, "instance k8s-redis: ", failure)
			assert.Contains(t, got, want, failure)
		}
	}
}

// The simulated AWS refuses as EC2 does, so its words have a remedy.
func TestRemedy_OfTheModel(t *testing.T) {
	args := validArgs()
	cloud := awssim.New(awssim.Options{})
	t.Cleanup(cloud.Close)
	cloud.SetCapacity(args.Zone, args.InstanceType, false, false)
	_, err := deployTo(cloud, args)
	require.Error(t, err)
	assert.NotEmpty(t, Remedy("k8s-redis", err.Error()))
}
