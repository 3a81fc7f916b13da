package awssim

// Quota codes, as Service Quotas names them.
const (
	// QuotaStandardVCPUs limits the vCPUs of running on-demand standard instances (A, C, D, H, I, M, R, T, Z).
	QuotaStandardVCPUs = "L-1216C47A"
	// QuotaSpotVCPUs limits the vCPUs of spot instances of the same families.
	QuotaSpotVCPUs = "L-34B43A08"
	// QuotaElasticIPs limits Elastic IP addresses per region.
	QuotaElasticIPs = "L-0263D0A3"
	// QuotaVPCs limits VPCs per region.
	QuotaVPCs = "L-F678F1CE"
	// QuotaRulesPerGroup limits the inbound, and as many outbound, rules of a security group.
	QuotaRulesPerGroup = "L-0EA8095F"
	// QuotaGroupsPerInterface limits the security groups of one network interface.
	QuotaGroupsPerInterface = "L-2AFB9258"
)

// quota is a limit of the account.
type quota struct {
	service, serviceName, name string
	// published is AWS's default value, initial this account's.
	published, initial float64
}

// quotas are AWS's published ones (Service Quotas console, 2026-11). A fresh account has 5 standard vCPUs; most
// accounts were raised, so this one starts with 32.
var quotas = map[string]quota{
	QuotaStandardVCPUs:      {"ec2", "Amazon Elastic Compute Cloud (Amazon EC2)", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5, 32},
	QuotaSpotVCPUs:          {"ec2", "Amazon Elastic Compute Cloud (Amazon EC2)", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5, 32},
	QuotaElasticIPs:         {"ec2", "Amazon Elastic Compute Cloud (Amazon EC2)", "EC2-VPC Elastic IPs", 5, 5},
	QuotaVPCs:               {"vpc", "Amazon Virtual Private Cloud (Amazon VPC)", "VPCs per Region", 5, 5},
	QuotaRulesPerGroup:      {"vpc", "Amazon Virtual Private Cloud (Amazon VPC)", "Inbound or outbound rules per security group", 60, 60},
	QuotaGroupsPerInterface: {"vpc", "Amazon Virtual Private Cloud (Amazon VPC)", "Security groups per network interface", 5, 5},
}

// quota is the account's limit by code, as a count.
func (c *Cloud) quota(code string) int { return int(c.quotaValue(code)) }

// quotaValue is the account's limit as Service Quotas gives it.
func (c *Cloud) quotaValue(code string) float64 {
	if value, set := c.options.Quotas[code]; set {
		return value
	}
	return quotas[code].initial
}
