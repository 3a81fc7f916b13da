package pod

import (
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	awsVolume = "aws-token"
	awsPath   = "/var/run/secrets/aws"
	// awsTokenSeconds is the lifetime of a token in seconds; kubelet renews it in time.
	awsTokenSeconds = 3600
	// AWSAudience is that of tokens for AWS.
	AWSAudience = "sts.amazonaws.com"
)

// AWSIdentity returns the parts of a pod that acts as an IAM role by the token of its service account: the volume with the token,
// its mount, and the variables that all AWS SDKs read. The role is that of podidentity.NewRole; the pod's user owns the token.
func AWSIdentity(roleARN pulumi.StringInput) (core.VolumeArgs, core.VolumeMountArgs, core.EnvVarArray) {
	volume := core.VolumeArgs{
		Name: pulumi.String(awsVolume),
		Projected: &core.ProjectedVolumeSourceArgs{Sources: core.VolumeProjectionArray{core.VolumeProjectionArgs{
			ServiceAccountToken: &core.ServiceAccountTokenProjectionArgs{
				Audience: pulumi.String(AWSAudience), ExpirationSeconds: pulumi.Int(awsTokenSeconds), Path: pulumi.String("token"),
			},
		}}},
	}
	env := core.EnvVarArray{
		core.EnvVarArgs{Name: pulumi.String("AWS_ROLE_ARN"), Value: roleARN.ToStringOutput()},
		core.EnvVarArgs{Name: pulumi.String("AWS_WEB_IDENTITY_TOKEN_FILE"), Value: pulumi.String(awsPath + "/token")},
		core.EnvVarArgs{Name: pulumi.String("AWS_STS_REGIONAL_ENDPOINTS"), Value: pulumi.String("regional")},
	}
	return volume, Mount(awsVolume, awsPath), env
}
