<# : batch portion
@echo off
rem Runs Maven as ./mvnw does; the version and its SHA-512 are pinned in both files.
rem PowerShell reads this batch portion as a comment, finds or fetches Maven, and prints where it is.
setlocal
set "MVNW_SELF=%~f0"
set "MVNW_MVN="
rem A module path inherited from a newer PowerShell hides the cmdlets of this one.
set "PSModulePath="
for /f "usebackq delims=" %%m in (`powershell -NoProfile -ExecutionPolicy Bypass -Command "& ([ScriptBlock]::Create([IO.File]::ReadAllText($env:MVNW_SELF)))"`) do set "MVNW_MVN=%%m"
if not defined MVNW_MVN exit /b 1
rem Without call, so that Maven's exit code is this script's and its arguments are read once.
"%MVNW_MVN%" %*
exit /b
#>
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$version = '3.9.16'
$sha512 = '831a8591fe20c8243b1dbe7d71e3244f31d1665b0804b2e825e38cbbe5ce0cafb8338851f90780735568773e0a6cd07bbec107cda0b896b008b861075358b6f6'

$name = "apache-maven-$version"
$url = "https://archive.apache.org/dist/maven/maven-3/$version/binaries/$name-bin.tar.gz"

function Fail($message) {
  [Console]::Error.WriteLine("mvnw: $message")
  exit 1
}

$javac = 'javac'
if ($env:JAVA_HOME) { $javac = "$env:JAVA_HOME\bin\javac.exe" }
try { $found = "$(& $javac -version)" } catch { $found = '' }
if (-not ($found -match 'javac (\d+)') -or [int]$Matches[1] -lt 17) {
  Fail "$javac is not a JDK 17 or newer. Install one, or set JAVA_HOME to one."
}

$candidates = @('mvn.cmd')
if ($env:MAVEN_HOME) { $candidates = @("$env:MAVEN_HOME\bin\mvn.cmd", 'mvn.cmd') }
foreach ($candidate in $candidates) {
  $installed = Get-Command $candidate -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($installed -and "$(& $installed.Path --version)" -match 'Apache Maven (\d+\.\d+\.\d+)') {
    if ([Version]$Matches[1] -ge [Version]'3.8.6') { return $installed.Path }
  }
}

$store = "$env:USERPROFILE\.m2\wrapper"
$mvn = "$store\$name\bin\mvn.cmd"
if (-not (Test-Path -LiteralPath $mvn)) {
  $work = "$store\unpack." + [Guid]::NewGuid()
  $archive = "$work\maven.tar.gz"
  $problem = $null
  try {
    [void](New-Item -ItemType Directory -Force -Path $work)
    [Console]::Error.WriteLine("mvnw: downloading Maven $version from $url")
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    (New-Object Net.WebClient).DownloadFile($url, $archive)
    if ((Get-FileHash -LiteralPath $archive -Algorithm SHA512).Hash -ne $sha512) {
      throw "the SHA-512 of $url is not the pinned one; the download was deleted."
    }
    # The tar of Windows by its full path: another tar on the path may take C: for a remote machine.
    & "$env:SystemRoot\System32\tar.exe" -xzf $archive -C $work
    if ($LASTEXITCODE -ne 0) { throw "could not unpack Maven $version." }
    if (-not (Test-Path -LiteralPath $mvn)) { Move-Item -LiteralPath "$work\$name" -Destination "$store\$name" }
  } catch {
    $problem = $_.Exception.Message
  }
  Remove-Item -LiteralPath $work -Recurse -Force -ErrorAction SilentlyContinue
  if ($problem) { Fail $problem }
}
$mvn
