package stacks

import (
	"context"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cost"
)

// projectName is the name of the project in Pulumi.yaml.
var projectName = strings.TrimSuffix(ConfigPrefix, ":")

// Assumptions of a month at the full expected load. Nothing has measured them: replace them by the figures of the first bill.
const (
	// bandlessLoad is the load of nodes for which the design states no band, 0 to 1: below the baseline of their types.
	bandlessLoad = 0.15
	// assumedInternetGiB are answers to clients and requests to OpenAI, Kakao and S3 in other regions.
	assumedInternetGiB = 100
	// assumedZonesGiB is traffic between nodes in different zones: APIs to stores, and metrics.
	assumedZonesGiB = 200
	// assumedNATGiB are images, packages and the traffic above, in private subnets.
	assumedNATGiB = 300
	// assumedImagesGiB is the bucket of images, with 30 days of versions.
	assumedImagesGiB = 100
	// assumedImageWrites and assumedImageReads are its requests.
	assumedImageWrites = 200_000
	assumedImageReads  = 2_000_000
	// assumedDumpsGiB is a month of dumps, each a quarter of the planned 10 GiB of the databases.
	assumedDumpsGiB = 75
	// assumedDumpRequests are the uploads of a month and their checks, each of some parts.
	assumedDumpRequests = 10_000
	// assumedOtherGiB and assumedOtherRequests are those of each other bucket, e.g. of backups.
	assumedOtherGiB      = 10
	assumedOtherRequests = 20_000
	// assumedCapacityUnits is the average use of a load balancer.
	assumedCapacityUnits = 1
	// assumedSnapshotGiB are the snapshots of one policy: the used part of the data volumes, and its changes of a week.
	assumedSnapshotGiB = 50
	// assumedLogsGiB is the volume that one log group receives.
	assumedLogsGiB = 5
	// assumedSessionsGiB is that of the log of shells.
	assumedSessionsGiB = 0.05
	// assumedWebRequests is the number of requests to the APIs.
	assumedWebRequests = 5_000_000
)

// usage returns the quantities that no resource states, at the stack's share of the expected load.
func (s *Settings) usage() cost.Usage {
	images, issuer, dumps := "/"+s.ClusterName()+"-images", "/"+s.ClusterName()+"-issuer", "/"+s.ClusterName()+"-dumps"
	u := cost.Usage{
		cost.UsageInternetGiB: assumedInternetGiB, cost.UsageZonesGiB: assumedZonesGiB, cost.UsageNATGiB: assumedNATGiB,
		cost.UsageBucketGiB: assumedOtherGiB, cost.UsageBucketWrites: assumedOtherRequests, cost.UsageBucketReads: assumedOtherRequests,
		cost.UsageBucketGiB + images: assumedImagesGiB, cost.UsageBucketWrites + images: assumedImageWrites, cost.UsageBucketReads + images: assumedImageReads,
		cost.UsageBucketGiB + dumps: assumedDumpsGiB, cost.UsageBucketWrites + dumps: assumedDumpRequests, cost.UsageBucketReads + dumps: assumedDumpRequests,
		// Two documents, which AWS reads seldom.
		cost.UsageBucketGiB + issuer: 0, cost.UsageBucketWrites + issuer: 0, cost.UsageBucketReads + issuer: 0,
		cost.UsageCapacityUnits: assumedCapacityUnits, cost.UsageSnapshotGiB: assumedSnapshotGiB,
		cost.UsageLogsGiB: assumedLogsGiB, cost.UsageLogsGiB + "/" + s.ClusterName() + "-sessions": assumedSessionsGiB, cost.UsageWebRequests: assumedWebRequests,
	}
	for _, n := range s.nodesWithSurge() {
		u[cost.UsageLoad+"/"+n.Name] = n.ExpectedLoad()
	}
	for key := range u {
		u[key] *= float64(s.ExpectedLoadPercent) / 100
	}
	if s.Sleep != nil {
		u[cost.UsageAwake] = s.Sleep.Awake()
	}
	return u
}

// ExpectedLoad returns the middle of the node's band, 0 to 1.
func (n Node) ExpectedLoad() float64 {
	if n.Band == nil {
		return bandlessLoad
	}
	return (n.Band.Low + n.Band.High) / 2 / 100
}

// registered returns the resources that the program registers with the settings.
func registered(ctx context.Context, s *Settings) ([]cost.Resource, error) {
	return cost.Registered(ctx, projectName, s.Stack, func(ctx *pulumi.Context) error {
		provider, err := awsProvider(ctx, s, "")
		if err != nil {
			return err
		}
		estimated := s.withoutSecrets()
		estimated.quotas = quotasOfEstimate()
		_, err = deployStack(ctx, estimated, &liveAccount{image: "ami-of-the-estimate", identity: identityOfEstimate}, provider)
		return err
	})
}

// EstimateCost returns the monthly bill of a stack, derived from the resources that its program registers. It calls no provider.
func EstimateCost(ctx context.Context, s *Settings) (*cost.Table, error) {
	resources, err := registered(ctx, s)
	if err != nil {
		return nil, err
	}
	return s.estimateOf(resources, s.commitments(), nil)
}

// estimateOf is estimate with the resources that the program registers, and with live prices.
func (s *Settings) estimateOf(resources []cost.Resource, rates map[string]string, live map[string]float64) (*cost.Table, error) {
	return cost.Estimate(cost.Stack{
		Name: s.Stack, Region: s.Region, Resources: resources, Usage: s.usage(), Commitments: rates, Live: live,
	})
}

// withoutSecrets returns a copy whose secrets are placeholders: an estimate needs none, and those of another run are of no use.
func (s *Settings) withoutSecrets() *Settings {
	out := *s
	fields := reflect.ValueOf(&out).Elem()
	placeholder := reflect.ValueOf(pulumi.String(secretPlaceholder).ToStringOutput())
	for i := range fields.NumField() {
		if fields.Field(i).Type() == placeholder.Type() {
			fields.Field(i).Set(placeholder)
		}
	}
	return &out
}
