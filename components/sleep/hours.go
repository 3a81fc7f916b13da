package sleep

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // the time zone need not be installed where the program runs

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/validation"
)

// Clock is a time of day in minutes after midnight.
type Clock int

// ParseClock reads a time of day, e.g. 08:30.
func ParseClock(text string) (Clock, error) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%q must be a time of day, e.g. 08:30", text)
	}
	return Clock(at.Hour()*60 + at.Minute()), nil
}

// String returns the time of day, e.g. 08:30.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c/60, c%60) }

func (c Clock) plus(minutes int) Clock { return c + Clock(minutes) }

// cron is the expression of EventBridge Scheduler.
func (c Clock) cron(days string) string { return fmt.Sprintf("cron(%d %d ? * %s *)", c%60, c/60, days) }

// Hours are those of a night, in which instances are stopped. Saturday and Sunday belong to the night from Friday to Monday.
type Hours struct {
	// From is the time of the first stop, Until that at which everything runs again. Until is the earlier time of day.
	From  Clock `pulumi:"from"`
	Until Clock `pulumi:"until"`
	// Timezone is an IANA name, e.g. Asia/Seoul.
	Timezone string `pulumi:"timezone"`
}

// Limits of Hours.
const (
	earliest = Clock(60)
	latest   = Clock(23 * 60)
)

const (
	workingDays = 5
	daysOfWeek  = 7
	minutesADay = 24 * 60
)

// Awake is the share of a week for which instances run, from 0 to 1: on working days from the first start to the first stop.
func (h Hours) Awake() float64 {
	return float64(workingDays*(int(h.From-h.Until)+lead)) / float64(daysOfWeek*minutesADay)
}

// Validate returns all problems of the arguments, joined.
func (a *SleepArgs) Validate() error {
	var problems validation.Problems
	problems.Include("Hours", a.Hours.Validate())
	const maxGroups = 3
	if len(a.Groups) < 1 || len(a.Groups) > maxGroups {
		problems.Add("Groups", len(a.Groups), "must be 1 to %d groups", maxGroups)
	}
	names := map[string]bool{}
	for i, group := range a.Groups {
		field := fmt.Sprintf("Groups[%d]", i)
		if !groupName.MatchString(group.Name) || names[group.Name] {
			problems.Add(field+".Name", group.Name, "must be lower-case letters and hyphens, different for each group")
		}
		names[group.Name] = true
		if len(group.Instances) == 0 {
			problems.NotSet(field+".Instances", "must hold at least one instance")
		}
	}
	if a.TagKey == "" || a.TagValue == "" {
		problems.NotSet("TagKey", "must be, with TagValue, a tag of all instances")
	}
	return problems.Err()
}

var groupName = regexp.MustCompile(`^[a-z][a-z-]{0,19}$`)

// Validate returns all problems, joined.
func (h Hours) Validate() error {
	var problems validation.Problems
	if h.Until < earliest || h.Until > h.From-60 {
		problems.Add("Until", h.Until, "must be %s or later, and at least an hour before From, %s: the night holds midnight", earliest, h.From)
	}
	if h.From > latest {
		problems.Add("From", h.From, "must be %s or earlier", latest)
	}
	if _, err := time.LoadLocation(h.Timezone); err != nil || h.Timezone == "" {
		problems.Add("Timezone", h.Timezone, "must be an IANA time zone, e.g. Asia/Seoul")
	}
	return problems.Err()
}

func sortedKeys(instances map[string]pulumi.StringInput) []string {
	return slices.Sorted(maps.Keys(instances))
}
