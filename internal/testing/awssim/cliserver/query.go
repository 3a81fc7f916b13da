package cliserver

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// query answers a call of the Query protocol: a form with the operation as Action, answered in XML.
func (s *Server) query(w http.ResponseWriter, body []byte, answer func(operation string, form url.Values) (any, error), refuse func(code, message string) any) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	found, err := answer(form.Get("Action"), form)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		found = refuse(reason(err))
	}
	_ = xml.NewEncoder(w).Encode(found)
}

// failure is an error in both of its forms.
type failure struct {
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
}

func refuseEC2(code, message string) any {
	return struct {
		XMLName xml.Name `xml:"Response"`
		Errors  struct{ Error failure }
	}{Errors: struct{ Error failure }{failure{code, message}}}
}

func refuseBalancing(code, message string) any {
	return struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   failure
	}{Error: failure{code, message}}
}

type instanceItem struct {
	ID       string `xml:"instanceId"`
	Type     string `xml:"instanceType"`
	Launched string `xml:"launchTime"`
	State    string `xml:"instanceState>name"`
	Zone     string `xml:"placement>availabilityZone"`
	Tags     []tag  `xml:"tagSet>item"`
}

type tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// ec2 answers DescribeInstances, DescribeSnapshots, StopInstances and StartInstances
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html).
func (s *Server) ec2(operation string, form url.Values) (any, error) {
	switch operation {
	case "DescribeInstances":
		return s.instances(form)
	case "DescribeSnapshots":
		return s.snapshots(form)
	case "StopInstances":
		return done(operation), s.cloud.StopInstances(members(form, "InstanceId.")...)
	case "StartInstances":
		return done(operation), s.cloud.StartInstances(members(form, "InstanceId.")...)
	}
	return nil, unknown(operation)
}

// done is the answer of an operation without its details.
func done(operation string) any {
	return struct{ XMLName xml.Name }{xml.Name{Local: operation + "Response"}}
}

// filtersOf returns the lists of values by the name of the filter.
func filtersOf(form url.Values) map[string][]string {
	filters := map[string][]string{}
	for i := 1; form.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		prefix := "Filter." + strconv.Itoa(i)
		filters[form.Get(prefix+".Name")] = members(form, prefix+".Value.")
	}
	return filters
}

// tagsOf returns tags in the order of their keys.
func tagsOf(tags map[string]string) (list []tag) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{key, tags[key]})
	}
	return list
}

type snapshotItem struct {
	ID     string `xml:"snapshotId"`
	Volume string `xml:"volumeId"`
	Size   int    `xml:"volumeSize"`
	Start  string `xml:"startTime"`
	Status string `xml:"status"`
	Tags   []tag  `xml:"tagSet>item"`
}

func (s *Server) snapshots(form url.Values) (any, error) {
	found, err := s.cloud.DescribeSnapshots(filtersOf(form))
	if err != nil {
		return nil, err
	}
	answer := struct {
		XMLName   xml.Name       `xml:"DescribeSnapshotsResponse"`
		Snapshots []snapshotItem `xml:"snapshotSet>item"`
	}{}
	for _, i := range found {
		answer.Snapshots = append(answer.Snapshots, snapshotItem{i.ID, i.Volume, i.SizeGiB, i.Taken, "completed", tagsOf(i.Tags)})
	}
	return answer, nil
}

func (s *Server) instances(form url.Values) (any, error) {
	found, err := s.cloud.DescribeInstances(filtersOf(form))
	if err != nil {
		return nil, err
	}
	answer := struct {
		XMLName   xml.Name       `xml:"DescribeInstancesResponse"`
		Instances []instanceItem `xml:"reservationSet>item>instancesSet>item"`
	}{}
	for _, i := range found {
		answer.Instances = append(answer.Instances, instanceItem{ID: i.ID, Type: i.Type, Launched: i.Launched, State: i.State, Zone: i.Zone, Tags: tagsOf(i.Tags)})
	}
	return answer, nil
}

// members are the items of a list, whose parameters are numbered from 1.
func members(form url.Values, prefix string) (list []string) {
	for i := 1; form.Has(prefix + strconv.Itoa(i)); i++ {
		list = append(list, form.Get(prefix+strconv.Itoa(i)))
	}
	return list
}

// balancing answers DescribeTargetGroups and DescribeTargetHealth
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html).
func (s *Server) balancing(operation string, form url.Values) (any, error) {
	switch operation {
	case "DescribeTargetGroups":
		return s.targetGroups()
	case "DescribeTargetHealth":
		return s.targetHealth(form.Get("TargetGroupArn"))
	}
	return nil, unknown(operation)
}

type targetGroupItem struct {
	ARN  string `xml:"TargetGroupArn"`
	Name string `xml:"TargetGroupName"`
}

func (s *Server) targetGroups() (any, error) {
	arns, err := s.cloud.TargetGroupARNs()
	if err != nil {
		return nil, err
	}
	answer := struct {
		XMLName xml.Name          `xml:"DescribeTargetGroupsResponse"`
		Groups  []targetGroupItem `xml:"DescribeTargetGroupsResult>TargetGroups>member"`
	}{}
	for _, name := range slices.Sorted(maps.Keys(arns)) {
		answer.Groups = append(answer.Groups, targetGroupItem{arns[name], name})
	}
	return answer, nil
}

type targetItem struct {
	ID     string `xml:"Target>Id"`
	State  string `xml:"TargetHealth>State"`
	Reason string `xml:"TargetHealth>Reason,omitempty"`
}

func (s *Server) targetHealth(arn string) (any, error) {
	health, err := s.cloud.TargetHealth(arn)
	if err != nil {
		return nil, err
	}
	answer := struct {
		XMLName xml.Name     `xml:"DescribeTargetHealthResponse"`
		Targets []targetItem `xml:"DescribeTargetHealthResult>TargetHealthDescriptions>member"`
	}{}
	for _, id := range slices.Sorted(maps.Keys(health)) {
		state := "healthy"
		if health[id] != "" {
			state = "unhealthy"
		}
		answer.Targets = append(answer.Targets, targetItem{id, state, health[id]})
	}
	return answer, nil
}
