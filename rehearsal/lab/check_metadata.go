package lab

import (
	"context"
	"errors"
	"fmt"
)

// checkMetadataAccess asks the metadata service of both instances for a token, as root and as a pod on the host's network that
// does not run as root, e.g. node-exporter.
func (r *run) checkMetadataAccess(ctx context.Context) error {
	for _, i := range []*instance{r.controlPlane, r.worker} {
		variables, err := i.variables()
		if err != nil {
			return err
		}
		ask := []string{"curl", "-fsS", "-m", "5", "--noproxy", "*", "-o", "/dev/null", "-X", "PUT",
			"-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", variables["IMDS_ENDPOINT"] + "/latest/api/token"}
		if _, err := i.Run(ctx, ask...); err != nil {
			return fmt.Errorf("%s: root cannot reach the metadata service: %w", i.ec2.Name, err)
		}
		if _, err := i.Run(ctx, append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, ask...)...); err == nil {
			return errors.New(i.ec2.Name + ": a user that is not root reaches the metadata service")
		}
	}
	return nil
}
