package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/pricing"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/cost"
)

// livePrices reads the prices of the stack's instance types and disks from AWS's price list, in USD by key. Where the role may not
// (pricing:GetProducts), it returns none and says so: the table in components/cost counts.
func livePrices(ctx *pulumi.Context, s *Settings, account string) (map[string]float64, error) {
	if !s.LivePrices {
		return nil, nil
	}
	// Few regions serve the list.
	provider, err := aws.NewProvider(ctx, "prices", &aws.ProviderArgs{
		Region: pulumi.String(cost.ListRegion), AllowedAccountIds: pulumi.StringArray{pulumi.String(account)},
	})
	if err != nil {
		return nil, fmt.Errorf("configure the price list of AWS: %w", err)
	}
	keys := []string{"volume/gp3"}
	for _, n := range s.nodesWithSurge() {
		keys = append(keys, "instance/"+n.InstanceType)
	}
	slices.Sort(keys)
	live := map[string]float64{}
	for _, key := range slices.Compact(keys) {
		usd, err := livePrice(ctx, s.Region, key, pulumi.Provider(provider))
		if err != nil {
			return nil, ctx.Log.Info(fmt.Sprintf("the prices are those of the table in components/cost: %s cannot be read live: %v", key, err), nil)
		}
		live[key] = usd
	}
	return live, nil
}

func livePrice(ctx *pulumi.Context, region, key string, via pulumi.InvokeOption) (float64, error) {
	product, ok := cost.ProductOf(region, key)
	if !ok {
		return 0, fmt.Errorf("%s is no product of the price list", key)
	}
	args := &pricing.GetProductArgs{ServiceCode: product.Service}
	for field, value := range product.Filters {
		args.Filters = append(args.Filters, pricing.GetProductFilter{Field: field, Value: value})
	}
	found, err := pricing.GetProduct(ctx, args, via)
	if err != nil {
		return 0, err
	}
	return cost.ParseProduct(found.Result)
}
