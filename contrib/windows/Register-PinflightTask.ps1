<#
.SYNOPSIS
Registers a scheduled task that runs pinflight every day and keeps its last report.
.DESCRIPTION
Run it once, as an administrator. The task runs as NETWORK SERVICE, which sees the network as services of this machine do, and
ends with pinflight's exit code, which the Task Scheduler shows as its last result: 0 ready, 1 not ready, 2 no run, 3 incomplete.
.EXAMPLE
.\Register-PinflightTask.ps1 -Program 'C:\Program Files\pinflight\pinflight.exe' -Config C:\ProgramData\pinflight\pinflight.toml
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [string] $Program,
    [Parameter(Mandatory)] [string] $Config,
    [string] $Reports = (Join-Path $env:ProgramData 'pinflight'),
    [datetime] $At = '04:17',
    [string] $TaskName = 'pinflight'
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

foreach ($file in $Program, $Config) {
    if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { throw "$file is not there" }
}
New-Item -ItemType Directory -Force -Path $Reports | Out-Null
# The account of the task has to write there; S-1-5-20 is NETWORK SERVICE in every language.
& icacls.exe $Reports /grant '*S-1-5-20:(OI)(CI)M' | Out-Null

$flags = 'check --quiet --config "{0}" --output short --report "json={1}\report.json" --report "html={1}\report.html"' -f $Config, $Reports
$action = New-ScheduledTaskAction -Execute $Program -Argument $flags -WorkingDirectory $Reports
$trigger = New-ScheduledTaskTrigger -Daily -At $At
$settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -ExecutionTimeLimit (New-TimeSpan -Minutes 15) -MultipleInstances IgnoreNew
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-20' -LogonType ServiceAccount
if ($PSCmdlet.ShouldProcess($TaskName, 'Register-ScheduledTask')) {
    Register-ScheduledTask -TaskName $TaskName -Action $action -Trigger $trigger -Settings $settings -Principal $principal -Force
}
