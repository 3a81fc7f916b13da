package cliserver

import (
	"encoding/xml"
	"net/url"
)

type alarmItem struct {
	Name string `xml:"AlarmName"`
}

// alarms answers DescribeAlarms, DisableAlarmActions and EnableAlarmActions of CloudWatch
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html).
func (s *Server) alarms(operation string, form url.Values) (any, error) {
	switch operation {
	case "DescribeAlarms":
		names, err := s.cloud.DescribeAlarms(form.Get("AlarmNamePrefix"))
		answer := struct {
			XMLName xml.Name    `xml:"DescribeAlarmsResponse"`
			Alarms  []alarmItem `xml:"DescribeAlarmsResult>MetricAlarms>member"`
		}{}
		for _, name := range names {
			answer.Alarms = append(answer.Alarms, alarmItem{name})
		}
		return answer, err
	case "DisableAlarmActions":
		return done(operation), s.cloud.DisableAlarmActions(members(form, "AlarmNames.member.")...)
	case "EnableAlarmActions":
		return done(operation), s.cloud.EnableAlarmActions(members(form, "AlarmNames.member.")...)
	}
	return nil, unknown(operation)
}
